const placeholder = '[secret]'

/**
 * A secret value from birth to wire. Text, JSON and inspection show a placeholder; only code in `io` may `open()` it (a test
 * reads the sources for that). Compare with `sameAs`: a test's deep equality can't tell two secrets apart.
 */
export class Secret {
  readonly #value: string

  /** The value must have been masked already: `io` makes secrets through its `maskedSecret`, which does both in order. */
  constructor(value: string) {
    this.#value = value
  }

  open(): string {
    return this.#value
  }

  sameAs(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return placeholder
  }

  toJSON(): string {
    return placeholder
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return placeholder
  }
}
