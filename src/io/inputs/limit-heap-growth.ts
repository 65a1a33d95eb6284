import { setFlagsFromString } from 'node:v8'

/**
 * Makes V8 collect garbage early instead of growing. It doubles its space for new objects, up to 128 MB, while work comes in bursts, and
 * lets the space for old objects grow to four times its content. The services' limits turn every long run into bursts, which leave
 * only garbage (docs/performance.md has numbers). A future engine without these settings would print a complaint on stderr, which a
 * test would find.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
