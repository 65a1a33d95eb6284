import { randomBytes } from 'node:crypto'

let pool = Buffer.alloc(0)
let used = 0

/** `length` lower-case hexadecimal digits (an even number). Bytes come from a pool: simulations ask for millions. */
export function hex(length: number): string {
  const bytes = length / 2
  if (used + bytes > pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  const text = pool.toString('hex', used, used + bytes)
  used += bytes
  return text
}

/** A decimal string of `length` digits whose first is not zero; 18 digits are more than a JavaScript number holds. */
export function digits(length: number): string {
  return ((BigInt(`0x${hex(32)}`) % (9n * 10n ** BigInt(length - 1))) + 10n ** BigInt(length - 1)).toString()
}
