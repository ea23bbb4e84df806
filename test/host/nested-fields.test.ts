import { describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { FieldOverride } from '../../src/host/typeorm/config.js';
import { describeFields, fieldColumns } from '../../src/host/typeorm/fields.js';

class Geo {
  @Column({ type: 'float', nullable: true }) lat!: number | null;
  @Column({ type: 'float', nullable: true }) lon!: number | null;
}

class Address {
  @Column({ type: 'text', nullable: true }) city!: string | null;
  @Column(() => Geo) geo!: Geo;
}

@Entity('nested_sites')
class Site {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column(() => Address) address!: Address;
}

/** The names of what workflows may write. */
async function writableFields(overrides: Record<string, FieldOverride>): Promise<string[]> {
  const source = new DataSource({ type: 'postgres', entities: [Site] });
  // What `initialize` does before it connects.
  await (source as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  const metadata = source.getMetadata(Site);
  const [key] = metadata.primaryColumns;
  if (!key) throw new Error('no key');
  const setting = { key, workspace: undefined, deleted: undefined, owner: undefined, overrides };
  const fields = describeFields(source, fieldColumns(source, metadata, setting), setting);
  return fields.filter(({ writable }) => writable).map(({ name }) => name);
}

describe('fields of an embedded entity in an embedded entity', () => {
  it('are written unless they, or anything that they lie in, say otherwise', async () => {
    expect(await writableFields({})).toEqual(['address', 'address.city', 'address.geo.lat', 'address.geo.lon']);
    expect(await writableFields({ 'address.geo.lat': { writable: false } })).toEqual(['address', 'address.city', 'address.geo.lon']);
    expect(await writableFields({ 'address.geo': { writable: false } })).toEqual(['address', 'address.city']);
    expect(await writableFields({ address: { writable: false } })).toEqual([]);
  });
});
