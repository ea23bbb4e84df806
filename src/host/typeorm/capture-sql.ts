import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { EventRule, FieldType, ModuleDescription } from '../../core/catalog.js';
import { placeOf } from '../../core/module-shape.js';
import type { CaptureTrigger } from '../crm-host.js';
import { type Column, fieldType, quoted, sqlType } from './columns.js';
import { configError } from './config-error.js';
import type { EntityTable } from './entity-table.js';
import type { FieldColumn } from './fields.js';
import { isNotDeleted } from './visible-rows.js';

/** What a trigger cannot tell from the table. */
export interface CaptureSettings {
  /** Of records that belong to every workspace. */
  workspaceId: string | null;
  /** A larger event keeps what has changed, and leaves the record to be read when it is routed. */
  payloadBytes: number;
  /** The zone of `timestamp` columns: that of the host's processes. Default: this one's. */
  timezone?: string;
}

/** jsonb_build_object takes 100 arguments. */
const MOST_MEMBERS = 50;
const NAME_BYTES = 63;

/**
 * The trigger that writes a module's events into `automation.events`, in whatever transaction and by whomever the table is
 * written. Rows become records, and changes events, in SQL: the row is then what every other door writes, and nothing has
 * to know that there is another kind. Pure text. Throws `crm_config_invalid` for columns that only the host's code can read.
 */
export function captureTrigger(module: ModuleDescription, table: EntityTable, settings: CaptureSettings): CaptureTrigger {
  const name = `capture_${module.name}`.slice(0, NAME_BYTES);
  const call = `automation.${quoted(name)}()`;
  const body = functionBody(module, table, settings);
  const create = `CREATE OR REPLACE FUNCTION ${call} RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $capture$
${body}
$capture$`;
  const trigger = `CREATE OR REPLACE TRIGGER ${quoted(`automation_${name}`.slice(0, NAME_BYTES))}
AFTER INSERT OR UPDATE OR DELETE ON ${table.sql} FOR EACH ROW
WHEN (current_setting('automation.capture', true) IS DISTINCT FROM 'off') EXECUTE FUNCTION ${call}`;
  // Whoever owns a table may put a trigger on it that calls what he may execute: nobody may.
  const revoke = `REVOKE ALL ON FUNCTION ${call} FROM PUBLIC`;
  const fingerprint = `nestjs-crm-automation ${createHash('sha256').update(`${create}${trigger}`).digest('hex').slice(0, 32)}`;
  const comment = `COMMENT ON FUNCTION ${call} IS ${literal(fingerprint)}`;
  return { module: module.name, name, table: table.sql, fingerprint, statements: [create, revoke, trigger, comment] };
}

function functionBody(module: ModuleDescription, table: EntityTable, { workspaceId, payloadBytes, timezone }: CaptureSettings): string {
  const zone = timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const row = (alias: string): string => rowJson(table, alias, zone);
  const workspace = (alias: string): string =>
    table.workspace ? `${alias}.${quoted(table.workspace.databaseName)}::text` : literal(workspaceId ?? '');
  const happened = (on: EventRule['on']): string =>
    `ARRAY[${module.events
      .filter(({ rule }) => rule.on === on)
      .map(({ name }) => literal(name))
      .join(', ')}]::text[]`;
  return `-- Made by nestjs-crm-automation from the CRM's catalog. It is replaced when that changes: do not edit it.
DECLARE
  before jsonb;
  after jsonb;
  changes jsonb;
  workspace text;
  happened text[];
BEGIN
  IF TG_OP <> 'INSERT' AND ${isThere(table, 'OLD')} THEN
    before := ${row('OLD')};
  END IF;
  IF TG_OP <> 'DELETE' AND ${isThere(table, 'NEW')} THEN
    after := ${row('NEW')};
    workspace := ${workspace('NEW')};
  ELSIF before IS NOT NULL THEN
    workspace := ${workspace('OLD')};
  END IF;
  IF TG_OP = 'UPDATE' AND after IS NOT NULL THEN
    -- What was soft-deleted and is no more has changed; it was not created.
    before := coalesce(before, ${row('OLD')});
    SELECT jsonb_object_agg(b.key, jsonb_build_object('from', b.value, 'to', a.value)) INTO changes
      FROM jsonb_each(before) AS b JOIN jsonb_each(after) AS a ON a.key = b.key WHERE a.value IS DISTINCT FROM b.value;
    IF changes IS NULL THEN
      RETURN NULL;
    END IF;
    happened := ${happened('updated')};
${changedEvents(module).join('\n')}
  ELSIF after IS NOT NULL THEN
    happened := ${happened('created')};
  ELSIF before IS NOT NULL THEN
    happened := ${happened('deleted')};
  END IF;
  IF workspace IS NULL OR happened IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, previous, changes, actor, source)
    SELECT workspace, automation.uuid_v7(), ${literal(module.name)}, event, coalesce(after, before)->>'id',
      CASE WHEN size <= ${payloadBytes} THEN coalesce(after, before) END, CASE WHEN size <= ${payloadBytes} THEN before END,
      CASE WHEN pg_column_size(changes) <= ${payloadBytes} THEN changes END, automation.acting(), 'database'
    FROM unnest(happened) AS event,
      (SELECT coalesce(pg_column_size(before), 0) + coalesce(pg_column_size(after), 0) + coalesce(pg_column_size(changes), 0)) AS s(size);
  RETURN NULL;
END`;
}

/** What follows from a change of a field, in the order of the catalog. */
function changedEvents(module: ModuleDescription): string[] {
  return module.events.flatMap(({ name, rule }) => {
    if (rule.on !== 'changed') return [];
    const { isChanged, to } = changeOf(placeOf(module, rule.field));
    const reached = rule.to?.map((value) => `${literal(JSON.stringify(value))}::jsonb`);
    const test = reached === undefined ? isChanged : reached.length === 0 ? 'FALSE' : `${to} IN (${reached.join(', ')})`;
    return [`    IF ${test} THEN happened := happened || ${literal(name)}::text; END IF;`];
  });
}

/** What tells whether a field has changed, and to what; `to` is null where it has not. */
function changeOf([field = '', ...below]: readonly string[]): { isChanged: string; to: string } {
  const change = `changes->${literal(field)}`;
  if (below.length === 0) return { isChanged: `${change} IS NOT NULL`, to: `${change}->'to'` };
  // Of a member the change of what it lies in is told.
  const member = (side: string): string => `coalesce(${change}->'${side}' #> ARRAY[${below.map(literal).join(', ')}], 'null')`;
  const isChanged = `${member('from')} IS DISTINCT FROM ${member('to')}`;
  // In brackets: an IF of PL/pgSQL would take the THEN for its own.
  return { isChanged, to: `(CASE WHEN ${isChanged} THEN ${member('to')} END)` };
}

/** Whether a row is there for workflows: not soft-deleted, and of the entity's kind. */
function isThere({ metadata, deleted, dataSource }: EntityTable, alias: string): string {
  const { deleteDateColumn, discriminatorColumn, parentEntityMetadata } = metadata;
  const tests: string[] = deleted ? [isNotDeleted(dataSource, deleted, alias)] : [];
  if (deleteDateColumn) tests.push(`${alias}.${quoted(deleteDateColumn.databaseName)} IS NULL`);
  if (discriminatorColumn && parentEntityMetadata) {
    const kinds = [metadata, ...metadata.childEntityMetadatas].map(({ discriminatorValue }) => literal(discriminatorValue ?? ''));
    tests.push(`${alias}.${quoted(discriminatorColumn.databaseName)}::text IN (${kinds.join(', ')})`);
  }
  return tests.length === 0 ? 'TRUE' : tests.join(' AND ');
}

/** A row as the JSON of its record: what `EntityTable.toRecords` makes of it. */
function rowJson(table: EntityTable, alias: string, zone: string): string {
  // What a query works out is in no row: it is computed when the event is routed.
  const stored = table.columns.filter(({ column }) => !column.isVirtualProperty);
  return objectOf(stored.map((one) => ({ path: [one.field, ...one.path], json: columnJson(table, one, alias, zone) })));
}

function objectOf(leaves: readonly { path: readonly string[]; json: string }[]): string {
  const names = [...new Set(leaves.map(({ path }) => path[0] ?? ''))];
  const members = names.map((name) => {
    const own = leaves.filter(({ path }) => path[0] === name);
    const [first] = own;
    const json = first?.path.length === 1 ? first.json : objectOf(own.map(({ path, json }) => ({ path: path.slice(1), json })));
    return `${literal(name)}, ${json}`;
  });
  const objects: string[] = [];
  for (let at = 0; at < members.length; at += MOST_MEMBERS) {
    objects.push(`jsonb_build_object(${members.slice(at, at + MOST_MEMBERS).join(', ')})`);
  }
  return objects.length === 1 ? (objects[0] as string) : `(${objects.join(' || ')})`;
}

function columnJson(table: EntityTable, { field, column, type }: FieldColumn, alias: string, zone: string): string {
  const value = `${alias}.${quoted(column.databaseName)}`;
  const sql = sqlType(table.dataSource, column);
  if (column.transformer && !onlyParsesNumbers(column, type)) {
    throw configError(
      `The column ${table.metadata.name}.${column.propertyName} has a transformer, which a trigger in the database cannot run.`,
      `Hide the field (fields: { ${field}: { hidden: true } }), or capture the module by 'subscriber'.`,
    );
  }
  if (!isTold(table.dataSource, column, type)) {
    throw configError(
      `The field ${field} of ${table.metadata.name} is said to be of type '${type}'; its column is of type '${sql}', which a trigger in the database cannot read as that.`,
      "Leave out `type`, or give the one that fits the column; or capture the module by 'subscriber'.",
    );
  }
  if (column.type === 'simple-array') return `CASE WHEN ${value} = '' THEN '[]' ELSE to_jsonb(string_to_array(${value}, ',')) END`;
  if (column.type === 'simple-json') return `${value}::jsonb`;
  switch (type) {
    case 'json':
      return `to_jsonb(${value})`;
    case 'boolean':
      return `to_jsonb(${value})`;
    case 'number':
    case 'money':
      return numberJson(value, sql);
    case 'list':
      return column.isArray ? `to_jsonb(array_remove(${value}::text[], NULL))` : `jsonb_build_array(${value}::text)`;
    case 'date':
      return `to_char(${value}, 'YYYY-MM-DD')`;
    case 'datetime':
      return `to_char(${sql === 'timestamp without time zone' ? `${value} AT TIME ZONE ${literal(zone)}` : value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case 'text':
      return `${value}::text`;
  }
}

/** Types of which each is read as any other. */
const KINDS: readonly (readonly FieldType[])[] = [
  ['number', 'money'],
  ['date', 'datetime'],
];

/** Whether SQL can tell the column's values as the type: what it cannot would fail every write of the CRM's. */
function isTold(dataSource: DataSource, column: Column, type: FieldType): boolean {
  const own = fieldType(dataSource, column);
  return KINDS.every((kind) => !kind.includes(type) || (own !== null && kind.includes(own)));
}

/** Numbers that a double does not keep are texts, as in every record. */
function numberJson(value: string, sql: string): string {
  if (sql === 'smallint' || sql === 'integer') return `to_jsonb(${value})`;
  if (sql === 'real' || sql === 'double precision') {
    return `CASE WHEN ${value}::text NOT IN ('NaN', 'Infinity', '-Infinity') THEN to_jsonb(${value}) END`;
  }
  const number = `${value}::numeric`;
  const isExact = `length(trim(BOTH '0' FROM translate(${number}::text, '-.', ''))) <= 15`;
  const isSafe = `scale(${number}) = 0 AND abs(${number}) <= ${Number.MAX_SAFE_INTEGER}`;
  return `CASE WHEN ${isExact} OR (${isSafe}) THEN to_jsonb(${number}) ELSE to_jsonb(${number}::text) END`;
}

/** The usual transformer: decimals come from the driver as texts. */
function onlyParsesNumbers(column: Column, type: FieldType): boolean {
  if (type !== 'number' && type !== 'money') return false;
  const transformers = [column.transformer ?? []].flat();
  return ['0', '-3', '12.5'].every((text) => {
    try {
      return Number(transformers.reduceRight((value: unknown, { from }) => from(value) as unknown, text)) === Number(text);
    } catch {
      return false;
    }
  });
}

/** A text in SQL. */
function literal(text: string): string {
  const quotedText = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quotedText.replaceAll('\\', '\\\\')}` : quotedText;
}
