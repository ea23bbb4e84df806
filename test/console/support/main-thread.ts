import type { Page } from 'playwright-core';

/**
 * Returns how to ask for the milliseconds that the page's main thread has worked: by the processor's time of that thread alone,
 * so that what else runs on the machine is no part of it.
 */
export async function mainThreadWork(page: Page): Promise<() => Promise<number>> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
}
