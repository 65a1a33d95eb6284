import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's space for new objects at its present size. V8 doubles it, up to 128 MB, while work comes in bursts. The services'
 * limits turn every long run into bursts, which leave only garbage (docs/performance.md has numbers). This has no effect on
 * objects that live on. A future engine without this setting would print a complaint on stderr, which a test would find.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
