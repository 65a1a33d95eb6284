/**
 * Entries of a tenant's list that the action does not manage, for the setting `strangers`: a client whose id is the address of
 * its metadata document, one with an id of a kind that nobody documented, and some whose fields have other forms. Each has the
 * name that is given.
 */
export function strangeClients(clientName: string): unknown[] {
  const base = {
    clientName,
    appType: 'web',
    allowedGrantTypes: ['client_credentials'],
    allowedScopes: ['user_default'],
    createdAt: '2026-10-01T08:00:00.123456789Z',
    connectionConfig: { consentMethod: 'trusted' },
    clientSecrets: [],
  }
  const id = (digit: string) => digit.repeat(32)
  const { appType: _left, ...withoutType } = { ...base, clientId: id('f') }
  return [
    { ...base, clientId: 'https://assistant.example/oauth/client.json', createdByType: 'cimd' },
    { ...base, clientId: 'urn:x:y' },
    { ...base, clientId: id('a'), clientSecrets: [{ hint: 'h'.repeat(41) }] },
    { ...base, clientId: id('b'), publicKeys: {} },
    { ...base, clientId: id('c'), allowedScopes: 'user_default' },
    { ...base, clientId: id('d'), clientSecrets: [null] },
    { ...base, clientId: id('e'), clientName: null },
    withoutType,
    base,
    {},
    'text',
    null,
  ]
}

/** The same for GitHub's lists of secrets and variables. */
export const strangeValues: unknown[] = [
  { name: 'lower-case and spaces', created_at: '2026-10-01T08:00:00Z', updated_at: '2026-10-01T08:00:00Z', value: 'x' },
  { name: 'NO_STAMP', value: 'x' },
  { name: 'NO_VALUE', created_at: null, updated_at: null, value: null },
  { name: 'SEEN_BY', updated_at: '2026-10-01T08:00:00Z', value: 'x', visibility: 'of tomorrow' },
  { name: 7 },
  {},
  'text',
  null,
]
