import { bundledPackages } from './test/support/bundled-packages.mjs';

/** @type {import('jest').Config} */
export default {
  rootDir: '.',
  testEnvironment: '<rootDir>/test/support/shared-environment.mjs',
  runtime: '<rootDir>/test/support/shared-runtime.mjs',
  globalSetup: '<rootDir>/test/support/postgres-global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/postgres-global-teardown.mjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...(await bundledPackages()) },
  // Ours first: they are most of the files.
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  // `npm run coverage`: core is to be covered whole. Files of types alone have nothing to cover.
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'src/core/**/*.ts',
    '!src/core/{catalog,event,definition/types,machine/{standing,types},plan/{history,step-execution},trigger/trigger-kind,condition/subject,condition/tree}.ts',
  ],
  coverageThreshold: { global: { statements: 100, branches: 100, functions: 100, lines: 100 } },
  // Bounds a test that hangs; nothing is expected to come near it, on a machine with ten times the load it can take either.
  testTimeout: 120_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // A worker that starts anew loads Jest, and begins with cold code: rather seldom.
  workerIdleMemoryLimit: '1GB',
};
