import { absurd } from './absurd.js';
import { bullMq } from './bullmq.js';
import { dbos, dbosTransactional } from './dbos.js';
import { graphileWorker } from './graphile-worker.js';
import { openWorkflow } from './openworkflow.js';
import type { Peer } from './peer.js';
import { pgBoss, pgBossTransactional } from './pg-boss.js';
import { restate } from './restate.js';

/** In the order of the table. */
export const PEERS: readonly Peer[] = [
  dbos,
  dbosTransactional,
  openWorkflow,
  absurd,
  restate,
  graphileWorker,
  pgBoss,
  pgBossTransactional,
  bullMq,
];
