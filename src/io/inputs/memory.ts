import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the space for new objects at the size that it has. V8 doubles it as long as work comes in bursts, up to 128 MB; bursts are what
 * the services' limits make of any long run, and what they leave is garbage (docs/performance.md has numbers). Without effect on what
 * is kept. An engine that knows this setting no more would say so on stderr, where a test looks.
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
