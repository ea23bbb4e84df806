import { Entity, PrimaryColumn } from 'typeorm';

/** What the demo has done once and must not do again: `recipe:welcome-web-leads`. */
@Entity('demo_state')
export class DemoState {
  @PrimaryColumn({ type: 'text' })
  done!: string;
}
