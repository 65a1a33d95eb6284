/**
 * The switches that a test may change while the sandbox runs. Most of them represent a behaviour that the public documentation of
 * Qlik Cloud or GitHub does not define, so that tests can show that the action works either way. Durations are seconds.
 */
export type Settings = {
  /** Read once, at construction. */
  clock: 'live' | 'frozen'
  startAt: number | undefined

  tenantUrl: string
  /** `issuer` in the authorization server metadata; the tenant URL unless set (a tenant reached by its alias). */
  issuer: string | undefined
  /** Largest page the list gives, whatever `limit` asks for (at most 100). */
  pageLimit: number
  /** Where a cursor of the list of clients leads: behind an entry, or to a number of entries, so that deletions move the next page. */
  cursors: 'behind an entry' | 'by number'
  /** Entries on every page of the list of clients, in any form. */
  strangers: unknown[]
  filterCase: 'sensitive' | 'insensitive'
  listDelay: number
  /** The delay until reads of clients show a write. */
  readsBehind: number
  deletedClients: 'hidden' | 'shown'
  maxClients: number
  duplicateNames: 'accepted' | 'refused'
  /** Whether a new client has the consent that the request asks for, `required`, or always `trusted`. */
  createConsent: 'honoured' | 'ignored' | 'always'
  /** Where the tenant shows a client's consent: with the client and alone, only alone (`connection-configs/me`), or nowhere. */
  consentShown: 'with client' | 'alone' | 'nowhere'
  legacyHint: boolean
  unknownScopes: 'accepted' | 'refused'
  unknownFields: 'refused' | 'ignored'
  createdByTypeOfBots: 'user' | 'service'
  /** The scopes that a bot's token needs for writing clients. */
  scopesToManage: 'admin_classic' | 'admin_classic user_default'
  getShowsSecrets: boolean
  replaceAbsent: 'allowed' | 'refused'
  publicKeysPatch: 'allowed' | 'refused'
  /** The secret of a client that is created for keys only. */
  secretForKeys: 'none' | 'made'
  unconfirmedDeleteStatus: number
  hints: 'prefix' | 'suffix' | 'opaque'
  lastSecret: 'deletable' | 'kept'
  stampsOfSecrets: 'present' | 'absent'
  /** By how much the clock that dates secrets is ahead of the clock of the `Date` header. */
  secretClockAhead: number
  secretDelay: number
  consentDelay: number
  untrustedStatus: number
  untrustedCode: string
  /** The host that a signed assertion may name as its audience, if the tenant is reached under another name than its issuer's. */
  audiences: 'asked' | 'issuer' | 'either'
  tokensDieWithSecret: boolean
  tokensDieWithClient: boolean
  scopeChanges: 'immediate' | 'next-token'
  maxTokensPerUser: number
  usersMe: 'answers' | 'refuses'
  usersMeRedirects: boolean
  /** The time at which a client's user is created. Clients made by hand (`addClient`) get it with their first token. */
  botAppears: 'with-client' | 'with-token'
  deletionOfBots: 'allowed' | 'refused'
  /** The assignee type that a space accepts for a bot, and the answer to another type. */
  typeOfBots: 'user' | 'bot' | 'either'
  wrongTypeStatus: number
  /** The answer of a space to a caller who may not see it. */
  unseenSpace: 'forbidden' | 'missing'
  /** Names of the events of access tokens, and whether events of bots name their user. */
  nameOfTokenEvents: 'new' | 'old' | 'both'
  usersOfTokenEvents: 'told' | 'not told'
  /** Paths that are closed to all callers, each with the status of its answer. */
  closed: Record<string, 401 | 403 | 404>
  tier1PerMinute: number
  tier2PerMinute: number
  /** The limit for all users together: half of each user's limit, times their number, so 50 on a tenant with one user. */
  tenantWritesPerMinute: number

  /** May carry a base path, as GitHub Enterprise Server does: https://host/api/v3 */
  githubUrl: string
  /** Enterprise Server (`server`) has no stores of Codespaces and agents. */
  githubEdition: 'cloud' | 'server'
  /** Entries at the end of every list of secrets or variables, in any form. */
  strangeValues: unknown[]
  wrongKey: 'silent' | 'refused'
  stampDelay: number
  /** By how much the clock of the `Date` header is ahead of the clock of the stamps. */
  githubDateAhead: number
  primaryPerHour: number
  secondaryPointsPerMinute: number
  writesPerMinute: number
  writesPerHour: number
  githubLimitStatus: 403 | 429
  githubRetryAfter: number | undefined
}

export const defaultSettings: Settings = {
  clock: 'live',
  startAt: undefined,
  tenantUrl: 'https://sandbox.eu.qlikcloud.com',
  issuer: undefined,
  pageLimit: 100,
  cursors: 'behind an entry',
  strangers: [],
  filterCase: 'sensitive',
  listDelay: 0,
  readsBehind: 0,
  deletedClients: 'hidden',
  maxClients: 200,
  duplicateNames: 'accepted',
  createConsent: 'honoured',
  consentShown: 'with client',
  legacyHint: false,
  unknownScopes: 'accepted',
  unknownFields: 'refused',
  createdByTypeOfBots: 'user',
  scopesToManage: 'admin_classic',
  getShowsSecrets: true,
  replaceAbsent: 'allowed',
  publicKeysPatch: 'allowed',
  secretForKeys: 'none',
  unconfirmedDeleteStatus: 400,
  hints: 'prefix',
  lastSecret: 'deletable',
  stampsOfSecrets: 'present',
  secretClockAhead: 0,
  secretDelay: 0,
  consentDelay: 0,
  untrustedStatus: 400,
  untrustedCode: 'OAUTH-14',
  audiences: 'asked',
  tokensDieWithSecret: false,
  tokensDieWithClient: false,
  scopeChanges: 'immediate',
  maxTokensPerUser: Number.POSITIVE_INFINITY,
  usersMe: 'answers',
  usersMeRedirects: false,
  botAppears: 'with-token',
  deletionOfBots: 'allowed',
  typeOfBots: 'user',
  wrongTypeStatus: 400,
  unseenSpace: 'forbidden',
  nameOfTokenEvents: 'new',
  usersOfTokenEvents: 'told',
  closed: {},
  tier1PerMinute: Number.POSITIVE_INFINITY,
  tier2PerMinute: Number.POSITIVE_INFINITY,
  tenantWritesPerMinute: Number.POSITIVE_INFINITY,
  githubUrl: 'https://api.github.com',
  githubEdition: 'cloud',
  strangeValues: [],
  wrongKey: 'silent',
  stampDelay: 0,
  githubDateAhead: 0,
  primaryPerHour: Number.POSITIVE_INFINITY,
  secondaryPointsPerMinute: Number.POSITIVE_INFINITY,
  writesPerMinute: Number.POSITIVE_INFINITY,
  writesPerHour: Number.POSITIVE_INFINITY,
  githubLimitStatus: 403,
  githubRetryAfter: 60,
}
