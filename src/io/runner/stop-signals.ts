import type { Stop } from '../../ports.ts'

/** SIGINT and SIGTERM ask the run to stop; the runner gives it seven and a half seconds between them. */
export function createStopSignals(): Stop {
  const listeners = new Set<() => void>()
  const state = { requested: false }
  const stop = () => {
    state.requested = true
    for (const listener of listeners) listener()
    listeners.clear()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    get requested() {
      return state.requested
    },
    onStop: (listener) => {
      if (state.requested) listener()
      else listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
