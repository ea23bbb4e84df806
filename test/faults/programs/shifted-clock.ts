/**
 * Loaded before anything else (`node --import`): this process's clock is off by CLOCK_OFF_MS milliseconds, for whoever
 * asks Date. Timers and performance.now() know no hour of the day and stay as they are.
 */
const off = Number(process.env.CLOCK_OFF_MS);
if (!Number.isInteger(off)) throw new Error(`CLOCK_OFF_MS must be a whole number, not "${process.env.CLOCK_OFF_MS}".`);
const TrueDate = Date;
const now = (): number => TrueDate.now() + off;
const ShiftedDate: DateConstructor = new Proxy(TrueDate, {
  construct: (target, parameters, newTarget) => Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, property) => (property === 'now' ? now : Reflect.get(target, property)),
});
// `value.constructor === Date` must go on being true of every date.
Object.defineProperty(TrueDate.prototype, 'constructor', { value: ShiftedDate });
globalThis.Date = ShiftedDate;
