import type { Settings } from '../settings.ts'
import type { Scope } from './scope.ts'
import type { StoreRule } from './stores.ts'

/** What a request for secrets or variables is about, once the caller is known to be allowed. */
export type Target = {
  scope: Scope
  rule: StoreRule
  /** The path segments after `secrets` or `variables`. */
  tail: string[]
  /** Absolute, without the query, for `Link` headers. */
  url: string
  now: number
  settings: Settings
}
