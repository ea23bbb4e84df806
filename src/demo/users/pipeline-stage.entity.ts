import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One stage of a workspace's pipeline of leads or opportunities. */
@Entity('pipeline_stages')
export class PipelineStage {
  @PrimaryColumn({ type: 'text' })
  workspaceId!: string;

  @PrimaryColumn({ type: 'text' })
  module!: string;

  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'integer' })
  position!: number;
}
