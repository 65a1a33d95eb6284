import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { looksLikeCredential } from '../../src/base/credential-shape.ts'

/** A random text from an alphabet. */
function from(alphabet: string, length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
}

const lower = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const makers: [string, () => string][] = [
  ['64 hex digits', () => randomBytes(32).toString('hex')],
  ['base64', () => randomBytes(48).toString('base64')],
  ['base64url', () => randomBytes(48).toString('base64url')],
  ['letters and digits', () => from(lower + lower.toUpperCase() + digits, 48)],
  ['lower case and digits', () => from(lower + digits, 48)],
]

describe('a text that looks like a credential', () => {
  it.each(makers)('is nearly every random one: %s', (_kind, make) => {
    const found = Array.from({ length: 2000 }, make).filter(looksLikeCredential)
    expect(found.length).toBeGreaterThan(1900)
    expect(looksLikeCredential(`acme/${found[0]} and more`)).toBe(true)
  })

  it.each([
    'eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJ4In0.c2ln',
    'ghp_abcdefghijklmnopqrstuvwxyzabcdefghij',
    'ghs_abcdefghijklmnopqrstuvwxyzabcdefghij',
    'github_pat_11ABCDEFG0abcdefghijkl_mnop',
    '-----BEGIN PRIVATE KEY-----\nMIG2',
    '-----BEGIN RSA PRIVATE KEY-----',
  ])('is known by its form: %s', (text) => expect(looksLikeCredential(text)).toBe(true))

  it.each([
    '',
    'deployer',
    'n'.repeat(512),
    '82e0c353eca9a5d849c74d7e98f13f7e',
    'preview-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
    'svc-550e8400-e29b-41d4-a716-446655440000-prod',
    'MyCompany-Production-ETL-Service-2024-Instance-01-EU-West-1',
    'admin.direct-access-gateways:remote_configuration',
    'https://portal.acme.example/callback/v2/oauth2/code/2024/q1/x1/y2',
    'eu-west-1-a-b-c-1-2-3-x-y-z-eu-west-1-a-b-c-1-2',
    'urn:qlik:oauth:user-impersonation',
    'eyJust a name',
  ])('is not a name, an id or an address: %s', (text) => expect(looksLikeCredential(text)).toBe(false))

  it('is looked for in time that grows with the text', () => {
    const began = process.cpuUsage()
    for (const piece of ['eyJ', 'eyJaaaaaaaaaa.', 'ghs_', '-----BEGIN ', 'a1', 'aB3+', '0'])
      looksLikeCredential(piece.repeat(100_000))
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(3)
  })
})
