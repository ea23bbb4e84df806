import { createRequire } from 'node:module';
import { once } from '../core/libraries.js';

// What actions reach the world with, loaded when first used: a host without mail never loads what sends it.

const require = createRequire(import.meta.url);

/** Returns nodemailer. */
export const nodemailer = once(() => require('nodemailer') as typeof import('nodemailer'));

/** Returns nodemailer's parser of addresses, which needs nothing else of it. */
export const addressparser = once(() => require('nodemailer/lib/addressparser') as typeof import('nodemailer/lib/addressparser').default);

/** Returns undici. */
export const undici = once(() => require('undici') as typeof import('undici'));

/** Returns standardwebhooks. */
export const standardwebhooks = once(() => require('standardwebhooks') as typeof import('standardwebhooks'));

/** Returns ipaddr.js. */
export const ipaddr = once(() => require('ipaddr.js') as typeof import('ipaddr.js'));
