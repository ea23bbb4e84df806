/** What the select boxes of this CRM offer. */
export const LEAD_STAGES = ['New', 'Contacted', 'Qualified', 'Converted', 'Disqualified'] as const;
export const OPPORTUNITY_STAGES = ['Prospecting', 'Qualification', 'Proposal', 'Negotiation', 'Closed Won', 'Closed Lost'] as const;
export const LEAD_SOURCES = ['Web Form', 'Referral', 'Event', 'Partner', 'Cold Call'] as const;
export const PRIORITIES = ['Low', 'Normal', 'High', 'Urgent'] as const;
export const TASK_STATUSES = ['Open', 'Completed'] as const;
export const INVOICE_STATUSES = ['Draft', 'Sent', 'Paid', 'Overdue'] as const;
