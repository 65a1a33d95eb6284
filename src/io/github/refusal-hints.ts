import type { ErrorCode } from '../../base/errors.ts'
import { longestAddress, plain } from '../../base/text.ts'
import { type Scope, scopeLabel } from '../../model/destination.ts'
import type { Answer } from '../http/responses.ts'

type Refusal = { answer: Answer | undefined; code: ErrorCode }

/** The remedy for a refusal by GitHub in a scope; undefined if the general remedy is the best known. `needs`: the permissions. */
export function refusalHint(scope: Scope, needs: string[], { answer, code }: Refusal): string | undefined {
  if (code === 'DESTINATION_FORBIDDEN') return forbidden(scope, needs, answer)
  if (code !== 'DESTINATION_MISSING') return undefined
  const sso = signOnAddress(answer)
  if (sso !== undefined) return signOn(sso)
  const place = plain(scopeLabel(scope))
  const needed = permissions(needs, answer)
  const reach = scope.organization === undefined ? 'access to that repository' : 'access to that organization'
  const usual = `Is ${place} spelt right, and does it exist? GitHub gives the same answer if the github-token may not see it: the token needs ${reach}, with ${needed}.`
  const isOfRepository = scope.organization === undefined && scope.store === 'actions'
  return `${usual}${isOfRepository ? ' This action creates no environments.' : absentStore(scope)}`
}

/** GitHub refuses for many reasons, and its message says which one: the remedy names a permission only if one is missing. */
function forbidden(scope: Scope, needs: string[], answer: Answer | undefined): string {
  const sso = signOnAddress(answer)
  if (sso !== undefined) return signOn(sso)
  const place = plain(scopeLabel(scope))
  const said = String((answer?.data as { message?: unknown } | undefined)?.message ?? '')
  const known = reasons.find(({ status, sentence }) => status === answer?.status || sentence?.test(said))
  if (known !== undefined) return known.hint(place)
  if (!lacksPermission.test(said))
    return `GitHub refuses this on ${place}. Its message has the reason: mend that, or ask an administrator of that place.`
  return `The github-token lacks a permission on ${place}; it needs ${permissions(needs, answer)}. GITHUB_TOKEN can never have it: use a token of a GitHub App, or a fine-grained personal access token.`
}

const lacksPermission = /not accessible by|permission|must have admin rights|must be an? .*(admin|owner)|not granted/i

/** GitHub's messages for refusals that no permission would change (docs.github.com, and quotes in public issues). */
const reasons: { status?: number; sentence?: RegExp; hint: (place: string) => string }[] = [
  {
    sentence: /archived/i,
    hint: (place) => `${place} is archived and accepts no writes: unarchive it, or remove it from the workflow.`,
  },
  {
    status: 423,
    sentence: /\blocked\b/i,
    hint: (place) => `${place} is locked, usually during a migration: run again when the migration is over.`,
  },
  {
    status: 451,
    sentence: /\bblocked\b|access to this (repository|resource) has been disabled/i,
    hint: (place) =>
      `GitHub has blocked ${place}, usually for legal reasons: ask its owner, or remove it from the workflow.`,
  },
  {
    sentence: /ip allow list|not permitted to access/i,
    hint: () =>
      'The organization allows certain addresses only: let an owner add the runner’s address to its IP allow list, or use a runner whose address is on it.',
  },
  {
    sentence: /SAML|single sign-on|\bSSO\b/i,
    hint: () => 'Authorize the github-token for single sign-on, in its owner’s settings on GitHub, and run again.',
  },
  {
    sentence: /lifetime|expir/i,
    hint: () =>
      'The organization limits how long tokens live: make one that it allows, or use a token of a GitHub App.',
  },
  {
    sentence:
      /personal access tokens? \(classic\)|classic personal access token|forbids access via a personal access token/i,
    hint: () => 'The organization allows no classic tokens: use a token of a GitHub App, or a fine-grained one.',
  },
  {
    sentence: /suspended/i,
    hint: () => 'An account, or an App’s installation, is suspended: its owner must end the suspension on GitHub.',
  },
]

/** The address at which to authorize a token for single sign-on: `x-github-sso: required; url=…`. */
function signOnAddress(answer: Answer | undefined): string | undefined {
  const [, address = ''] = /^\s*required\s*;\s*url=(\S+)/i.exec(answer?.headers['x-github-sso'] ?? '') ?? []
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
    ? plain(address, longestAddress)
    : undefined
}

function signOn(address: string): string {
  return `The organization wants single sign-on (SAML) for this token: authorize it at ${address} and run again.`
}

/** A store that an Enterprise Server lacks answers like a missing repository. */
function absentStore({ store }: Scope): string {
  if (store !== 'codespaces' && store !== 'agents') return ''
  return ` GitHub Enterprise Server has no store ${store}: there use actions or dependabot.`
}

/** The names on GitHub's pages. */
const permissionNames: Record<string, string> = {
  secrets: 'Secrets',
  actions_variables: 'Variables',
  environments: 'Environments',
  dependabot_secrets: 'Dependabot secrets',
  codespaces_secrets: 'Codespaces secrets',
  agent_secrets: 'Agent secrets',
  agent_variables: 'Agent variables',
  organization_secrets: 'the organization’s Secrets',
  organization_actions_variables: 'the organization’s Variables',
  organization_dependabot_secrets: 'the organization’s Dependabot secrets',
  organization_codespaces_secrets: 'the organization’s Codespaces secrets',
  organization_agent_secrets: 'the organization’s Agent secrets',
  organization_agent_variables: 'the organization’s Agent variables',
}

/**
 * Permissions with their names on GitHub's pages, and in brackets the permissions from GitHub's answer. Read access alone is not
 * enough.
 */
function permissions(needs: string[], answer: Answer | undefined): string {
  const accepted = answer?.headers['x-accepted-github-permissions'] ?? ''
  const all = accepted.split(/[,;]/).flatMap((part) => part.trim().split('=')[0] || [])
  // Other permissions in GitHub's answer only accompany a known one, or concern other kinds of tokens.
  const known = all.filter((name) => Object.hasOwn(permissionNames, name))
  const names = known.length > 0 ? known : needs
  const list = [...new Set(names)].map((name) => `${permissionNames[name]}: write`).join(' and ')
  return accepted === '' ? list : `${list} (for this request GitHub asks for ${plain(accepted, 200)})`
}
