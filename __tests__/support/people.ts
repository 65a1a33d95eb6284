import type { Sandbox } from '../../sandbox/sandbox.ts'

/** Tells which secrets people made: those that were there before a request, and that no request of a run made. */
export class People {
  readonly secrets = new Set<string>()
  readonly #known = new Set<string>()
  readonly #sandbox: Sandbox

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  /** To be called before a request takes effect: what is there is not its doing. */
  before(): void {
    for (const value of this.#live()) if (!this.#known.has(value)) this.secrets.add(value)
    this.after()
  }

  after(): void {
    for (const value of this.#live()) this.#known.add(value)
  }

  #live(): string[] {
    return [...this.#sandbox.tenant.clients.values()].flatMap(({ secrets }) => secrets.map(({ value }) => value))
  }
}
