import type { Fault } from '../faults.ts'

/** Reasons why GitHub refuses a request, with its messages, for faults. */
export const refusals = {
  permission: { status: 403, message: 'Resource not accessible by integration' },
  'single sign-on': {
    status: 403,
    message:
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    headers: {
      'x-github-sso': `required; url=https://github.com/orgs/acme/sso?authorization_request=AB12${'CD34'.repeat(20)}`,
    },
  },
  'allow list': {
    status: 403,
    message:
      'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
  },
  lifetime: {
    status: 403,
    message:
      "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1234567",
  },
  'classic token': {
    status: 403,
    message:
      '`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.',
  },
  archived: { status: 403, message: 'Repository was archived so is read-only.' },
  suspended: { status: 403, message: 'Sorry. Your account was suspended.' },
  blocked: { status: 451, message: 'Repository access blocked' },
  locked: { status: 423, message: 'Repository has been locked for migration.' },
  'no reason': { status: 403, message: 'Forbidden' },
} satisfies Record<string, { status: number; message: string; headers?: Record<string, string> }>

export type RefusalName = keyof typeof refusals

export function refusalFault(name: RefusalName): Fault {
  const { status, message, headers }: { status: number; message: string; headers?: Record<string, string> } =
    refusals[name]
  const body = JSON.stringify({ message, documentation_url: 'https://docs.github.com/rest', status: String(status) })
  const accepted = { 'x-accepted-github-permissions': 'secrets=write' }
  return { kind: 'status', status, headers: { ...accepted, ...headers }, body }
}
