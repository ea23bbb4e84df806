/** From any page of state machines back to all of them. */
export const MACHINES = { href: 'machines', label: 'State machines' };
