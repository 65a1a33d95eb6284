import type { Settings } from '../settings.ts'
import type { Repository } from './model.ts'
import type { Scope } from './scope.ts'
import type { StoreRule } from './stores.ts'

/** The target of a request for secrets or variables, after the check of permissions. */
export type Target = {
  scope: Scope
  rule: StoreRule
  /** The organization's repositories by their id; undefined if the scope is not an organization's. */
  repositoryOf: ((id: number) => Repository | undefined) | undefined
  /** The path segments after `secrets` or `variables`. */
  tail: string[]
  /** Absolute, without the query, for `Link` headers. */
  url: string
  now: number
  settings: Settings
}
