import type { RunDetail } from '../../api/types.js';

/** Returns a run as plain text for somebody else's ticket system. The API has masked what is secret. */
export function ticketText(
  { id, workflowName, version, status, summary, module, recordId, createdAt, error, steps }: RunDetail,
  address: string,
): string {
  return [
    `${workflowName ?? 'A deleted workflow'} (version ${version}): ${status}`,
    summary,
    ...(error ? [`Code: ${error.code}`, ...(error.hint ? [`Hint: ${error.hint}`] : [])] : []),
    ...(recordId === null ? [] : [`Record: ${module} ${recordId}`]),
    `Run: ${id}`,
    `Created: ${createdAt}`,
    address,
    '',
    ...steps.map(
      (step) => `${step.path} (attempt ${step.attempt}, ${step.type}): ${step.standing}${step.error ? `, ${step.error.message}` : ''}`,
    ),
  ].join('\n');
}
