import type { Settings } from '../settings.ts'
import type { Repository } from './model.ts'
import type { Scope } from './scope.ts'
import type { StoreRule } from './stores.ts'

/** What a request for secrets or variables is about, once the caller is known to be allowed. */
export type Target = {
  scope: Scope
  rule: StoreRule
  /** The organization's repositories by their id; undefined where the scope is no organization's. */
  repositoryOf: ((id: number) => Repository | undefined) | undefined
  /** The path segments after `secrets` or `variables`. */
  tail: string[]
  /** Absolute, without the query, for `Link` headers. */
  url: string
  now: number
  settings: Settings
}
