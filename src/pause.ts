import type { Clock, Stop } from './ports.ts'

/** Waits for so many milliseconds; ends at once if the run is asked to stop. */
export async function pause(milliseconds: number, { clock, stop }: { clock: Clock; stop: Stop }): Promise<void> {
  const control = new AbortController()
  const forget = stop.onStop(() => control.abort())
  await clock.sleep(milliseconds, control.signal)
  forget()
}
