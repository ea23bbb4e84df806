import { lookup as systemLookup } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import type { IPv4, IPv6 } from 'ipaddr.js';
import { AutomationError } from '../../core/errors.js';
import { once } from '../../core/libraries.js';
import { ipaddr } from '../libraries.js';

type Address = IPv4 | IPv6;

/** One entry of the allow-list, taken apart. A missing port means every port. */
interface AllowRule {
  port?: number;
  host?: string;
  network?: [Address, number];
}

/** Options of an {@link AddressGuard}. */
export interface AddressGuardOptions {
  /**
   * What may be reached although it is not public, or on a refused port: `10.0.0.0/8`, `127.0.0.1:1234`, `[::1]:8080`,
   * `hooks.acme.test`, `hooks.acme.test:8443`. A host name stands for every address that it resolves to.
   */
  allow?: readonly string[];
  /** Ports that are never reached, unless the allow-list names them. Default: ports of services that are not HTTP. */
  refusePorts?: readonly number[];
  /** Resolves host names. Default: the system's. */
  lookup?: LookupFunction;
}

/** Mail, shells, databases and the like: a request to them is an attack or a mistake. */
const REFUSED_PORTS: readonly number[] = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 53, 69, 79, 110, 111, 113, 119, 135, 137, 139, 143, 161, 389, 445, 465, 512, 513,
  514, 515, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2375, 3306, 3389, 5432, 5672, 6379, 6660, 6667, 9042, 11211, 27017,
];

/** Azure's wire server: a public address by its range, the host's own metadata by its content. */
const AZURE_WIRE_SERVER = '168.63.129.16';
/** All that is routed as public unicast in IPv6 so far. Outside it are the forms that carry an IPv4 address, NAT64 among them. */
const globalIpv6 = once(() => ipaddr().parseCIDR('2000::/3'));
/** Blocks inside it that are no place for a receiver: protocol assignments (Teredo among them), 6to4, documentation. */
const refusedIpv6 = once(() => ['2001::/23', '2002::/16', '3fff::/20'].map((network) => ipaddr().parseCIDR(network)));

/**
 * Decides which addresses may be connected to: public unicast ones, and those of the allow-list. It looks at addresses,
 * never at names alone, and at the very addresses that are then connected to, so that a name which resolves to
 * something else a moment later changes nothing.
 */
export class AddressGuard {
  private readonly rules: AllowRule[];
  private readonly refusedPorts: ReadonlySet<number>;
  private readonly resolver: LookupFunction;

  /** Throws `outbound_allow_invalid` when an entry of the allow-list cannot be read. */
  constructor(options: AddressGuardOptions = {}) {
    this.rules = (options.allow ?? []).map(parseRule);
    this.refusedPorts = new Set(options.refusePorts ?? REFUSED_PORTS);
    this.resolver = options.lookup ?? (systemLookup as LookupFunction);
  }

  /**
   * Checks what can be told without a lookup: the port, and the address where the host is a literal one.
   * Throws `outbound_port_refused` or `outbound_address_refused`.
   */
  check(host: string, port: number): void {
    const name = hostName(host);
    this.checkPort(isIP(name) === 0 ? null : name, port, name);
    if (isIP(name) !== 0) {
      this.checkAddress(name, port, name);
    }
  }

  /** Throws `outbound_address_refused` unless the address is public unicast or allowed for this host and port. */
  checkAddress(address: string, port: number, host: string): void {
    const name = hostName(host);
    if (!this.isAllowed(address, port, name) && !isPublicAddress(address)) {
      throw new AutomationError(
        'outbound_address_refused',
        `${name} may not be called: it is at ${address}, inside a network that is not public`,
        {
          hint: `Addresses of internal networks are refused. ${howToAllow(name, port)}`,
          details: { host: name, port, address },
        },
      );
    }
  }

  /**
   * A lookup for `net.connect` and `tls.connect` that refuses a name when any of its addresses is refused. It answers
   * only for host names: literal addresses never reach a lookup and must go through {@link check}. `anyPort` is for
   * protocols other than HTTP.
   */
  lookupFor(port: number, { anyPort = false } = {}): LookupFunction {
    return (host, options, callback) => {
      this.resolver(host, { ...options, all: true }, (error, found) => {
        if (error) {
          callback(error, [], 0);
          return;
        }
        const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
        try {
          for (const { address } of addresses) {
            this.checkAddress(address, port, host);
            if (!anyPort) {
              this.checkPort(address, port, hostName(host));
            }
          }
        } catch (refused) {
          callback(refused as Error, [], 0);
          return;
        }
        const one = addresses[0];
        if (one === undefined) {
          callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), [], 0);
        } else if (options.all) {
          callback(null, addresses);
        } else {
          callback(null, one.address, one.family);
        }
      });
    };
  }

  /**
   * Opens a plain connection under the guard, for protocols other than HTTP (SMTP); their ports are not refused. Errors are
   * those of {@link checkAddress}, of the lookup and of the socket.
   */
  open(host: string, port: number, timeoutMs: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const name = hostName(host);
      if (isIP(name) !== 0) {
        this.checkAddress(name, port, name);
      }
      const socket = connect({ host: name, port, lookup: this.lookupFor(port, { anyPort: true }), timeout: timeoutMs });
      socket.once('timeout', () => socket.destroy(Object.assign(new Error(`connect ETIMEDOUT ${name}:${port}`), { code: 'ETIMEDOUT' })));
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', reject);
        resolve(socket);
      });
    });
  }

  /**
   * An entry that names a refused port opens it for its host or its addresses alone. Before a name is looked up (address
   * null) an entry with addresses may yet fit.
   */
  private checkPort(address: string | null, port: number, name: string): void {
    const isOpened = () =>
      address === null
        ? this.rules.some((rule) => rule.port === port && (rule.host === undefined || rule.host === name))
        : this.isAllowed(address, port, name, true);
    if (this.refusedPorts.has(port) && !isOpened()) {
      throw new AutomationError('outbound_port_refused', `Port ${port} of ${name} may not be called`, {
        hint: `This port belongs to a service that is not HTTP. ${howToAllow(name, port)}`,
        details: { host: name, port },
      });
    }
  }

  private isAllowed(address: string, port: number, host: string, byPort = false): boolean {
    const parsed = parseAddress(address);
    return this.rules.some((rule) => {
      if (rule.port === undefined ? byPort : rule.port !== port) {
        return false;
      }
      return rule.host === undefined ? parsed !== null && rule.network !== undefined && isWithin(parsed, rule.network) : rule.host === host;
    });
  }
}

/**
 * True for an address of the public internet. Private, loopback, link-local, shared, multicast, reserved and metadata
 * addresses are not, nor is any IPv6 form that carries an IPv4 address, whatever that address is.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === null || parsed.toString() === AZURE_WIRE_SERVER || parsed.range() !== 'unicast') {
    return false;
  }
  return parsed.kind() === 'ipv4' || (isWithin(parsed, globalIpv6()) && !refusedIpv6().some((network) => isWithin(parsed, network)));
}

/** Reads an address; IPv4 that is mapped into IPv6 becomes the IPv4 address it is. Null when it is no address. */
function parseAddress(address: string): Address | null {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  // isIP first: ipaddr.js also reads `0x7f.1` and `127.1`, which sockets would resolve in their own way
  return isIP(plain) === 0 ? null : ipaddr().process(plain);
}

function isWithin(address: Address, [network, bits]: [Address, number]): boolean {
  if (address.kind() !== network.kind()) {
    return false;
  }
  return (address as IPv4).match(network as IPv4, bits);
}

/** Small letters, no brackets around IPv6, no trailing dot: one host, one spelling. */
function hostName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function parseRule(entry: string): AllowRule {
  const text = entry.trim();
  if (text.includes('/')) {
    return { network: parseNetwork(entry, text) };
  }
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(text);
  const host = isIP(text) === 6 ? text : (bracketed?.[1] ?? plain?.[1]);
  const portText = isIP(text) === 6 ? undefined : (bracketed?.[2] ?? plain?.[2]);
  const port = portText === undefined ? undefined : Number(portText);
  if (host === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
    throw invalidRule(entry);
  }
  const address = parseAddress(host);
  if (address !== null) {
    return { port, network: [address, address.kind() === 'ipv4' ? 32 : 128] };
  }
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host)) {
    throw invalidRule(entry);
  }
  return { port, host: hostName(host) };
}

function parseNetwork(entry: string, text: string): [Address, number] {
  try {
    return ipaddr().parseCIDR(text);
  } catch (cause) {
    throw invalidRule(entry, cause);
  }
}

function howToAllow(name: string, port: number): string {
  const host = name.includes(':') ? `[${name}]` : name;
  return `If it is meant, the host application must name it in its options: outbound: { allow: ['${host}:${port}'] }.`;
}

function invalidRule(entry: string, cause?: unknown): AutomationError {
  return new AutomationError('outbound_allow_invalid', `'${entry}' is no entry for the allow-list of outbound calls`, {
    hint: 'Give a host, a host with port, an address, an address with port, or a network: hooks.acme.test, 127.0.0.1:1234, 10.0.0.0/8.',
    cause,
  });
}
