import { compileCondition } from '../../../src/core/condition/condition.js';
import type { ConditionSubject } from '../../../src/core/condition/subject.js';
import type { RecordData } from '../../../src/core/event.js';
import type { Installed } from '../peers/install.js';
import { LEADS } from './leads.js';
import { type Tree, toCondition, toLogic, toRule } from './trees.js';

/** One way to evaluate conditions. */
export interface Contestant {
  name: string;
  /** Makes conditions ready once and answers what evaluates them, in turn over records: how many held. */
  prepare(trees: readonly Tree[], records: readonly RecordData[]): (evaluations: number) => number | Promise<number>;
}

export const RULE_PACKAGES = { 'json-rules-engine': '7.3.1', 'json-logic-engine': '5.0.7' };

/** Our compiled conditions. `caseSensitive`: texts are compared as the others do. */
export function ours(name: string, caseSensitive: boolean): Contestant {
  return {
    name,
    prepare(trees, records) {
      const conditions = trees.map((tree) => compileCondition(toCondition(tree, caseSensitive), LEADS));
      const subjects = records.map(toSubject);
      return (evaluations) => {
        let held = 0;
        let tree = 0;
        let record = 0;
        for (let index = 0; index < evaluations; index += 1) {
          if (conditions[tree]?.test(subjects[record] as ConditionSubject)) held += 1;
          if (++tree === conditions.length) tree = 0;
          if (++record === subjects.length) record = 0;
        }
        return held;
      };
    },
  };
}

/** What a router asks about: the record, and what an event brings beside it. */
function toSubject(record: RecordData): ConditionSubject {
  const actor = { type: 'system' as const, id: null };
  const now = new Date('2026-03-01T08:00:00Z');
  return { record, previous: null, changes: {}, trigger: {}, context: {}, steps: {}, actor, now, timezone: 'UTC' };
}

interface LogicEngine {
  build(logic: object): (data: object) => unknown;
}

/** Compiled, which for this library means JavaScript generated from the rule. */
export async function jsonLogicEngine(packages: Installed): Promise<Contestant> {
  const { LogicEngine } = await packages.load<{ LogicEngine: new () => LogicEngine }>('json-logic-engine');
  return {
    name: 'json-logic-engine, compiled',
    prepare(trees, records) {
      const engine = new LogicEngine();
      const conditions = trees.map((tree) => engine.build(toLogic(tree)));
      return (evaluations) => {
        let held = 0;
        let tree = 0;
        let record = 0;
        for (let index = 0; index < evaluations; index += 1) {
          if (conditions[tree]?.(records[record] as RecordData)) held += 1;
          if (++tree === conditions.length) tree = 0;
          if (++record === records.length) record = 0;
        }
        return held;
      };
    },
  };
}

interface RulesEngine {
  run(facts: object): Promise<{ events: unknown[] }>;
}
type RulesEngineClass = new (rules: object[], options: object) => RulesEngine;

export async function jsonRulesEngine(packages: Installed): Promise<Contestant> {
  const { Engine } = await packages.load<{ Engine: RulesEngineClass }>('json-rules-engine');
  return {
    name: 'json-rules-engine',
    prepare(trees, records) {
      const engines = trees.map(
        (tree) => new Engine([{ conditions: { all: [toRule(tree)] }, event: { type: 'holds' } }], { allowUndefinedFacts: true }),
      );
      return async (evaluations) => {
        let held = 0;
        for (let index = 0; index < evaluations; index += 1) {
          const engine = engines[index % engines.length] as RulesEngine;
          const { events } = await engine.run(records[index % records.length] as RecordData);
          if (events.length > 0) held += 1;
        }
        return held;
      };
    },
  };
}
