import { Inject, Injectable } from '@nestjs/common';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { FairSlots, type Slot } from './fair-slots.js';

/** Slots for calls to the outside; a quarter more than one workspace may fill. */
@Injectable()
export class ExternalSlots {
  /** How many there are. */
  readonly most: number;
  private readonly slots: FairSlots;
  private closed = false;

  constructor(@Inject(ENGINE_SETTINGS) { concurrency }: EngineSettings) {
    this.most = concurrency + Math.ceil(concurrency / 4);
    this.slots = new FairSlots(this.most, concurrency);
  }

  /** Is no further call begun? The process stops. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** A slot, if there is one right now. */
  tryTake(workspaceId: string): Slot | null {
    return this.closed ? null : this.slots.tryTake(workspaceId);
  }

  /** A slot, as soon as there is one. */
  wait(workspaceId: string): Promise<Slot> {
    return this.slots.wait(workspaceId);
  }

  /** No further call is begun. */
  close(): void {
    this.closed = true;
  }

  /** Calls may be begun again. */
  open(): void {
    this.closed = false;
  }
}
