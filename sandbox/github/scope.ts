import type { SandboxClock } from '../clock.ts'
import { digits } from '../random.ts'
import { type KeyPair, newKeyPair } from './seal.ts'

export type Visibility = { visibility: string; repositoryIds: number[] }

export type StoredSecret = {
  value: string
  createdAt: number
  /** When it was written, oldest first, for the switch that lets metadata lag behind. */
  writes: number[]
  visibility: Visibility | undefined
}

export type StoredVariable = { value: string; createdAt: number; updatedAt: number; visibility: Visibility | undefined }

/** One place with secrets and variables of its own: a store of a repository or organization, or an environment. */
export class Scope {
  readonly secrets = new Map<string, StoredSecret>()
  readonly variables = new Map<string, StoredVariable>()
  readonly maxSecrets: number
  readonly #clock: SandboxClock
  #key: { id: string; pair: KeyPair } | undefined

  constructor(clock: SandboxClock, maxSecrets: number) {
    this.#clock = clock
    this.maxSecrets = maxSecrets
  }

  /** Every place has a key pair of its own, made when first asked for. */
  key(): { id: string; pair: KeyPair } {
    this.#key ??= { id: digits(18), pair: newKeyPair() }
    return this.#key
  }

  rotateKey(): void {
    this.#key = undefined
  }

  putSecret(name: string, value: string, visibility?: Visibility): 'created' | 'updated' {
    const now = this.#clock.now()
    const known = this.secrets.get(name)
    if (known) {
      known.value = value
      known.writes.push(now)
      known.visibility = visibility ?? known.visibility
      return 'updated'
    }
    this.secrets.set(name, { value, createdAt: now, writes: [now], visibility })
    return 'created'
  }

  putVariable(name: string, value: string, visibility?: Visibility): void {
    const now = this.#clock.now()
    const known = this.variables.get(name)
    const createdAt = known?.createdAt ?? now
    this.variables.set(name, { value, createdAt, updatedAt: now, visibility: visibility ?? known?.visibility })
  }
}
