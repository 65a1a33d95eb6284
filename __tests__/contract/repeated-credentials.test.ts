import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { WireRequest, WireResponse } from '../../src/io/http/transport.ts'
import { expectNothingReadable } from '../support/no-secret-in-output.ts'
import { Simulation } from '../support/simulation.ts'

// Services, or what stands before them, that repeat a credential in what they say: in any encoding, cut anywhere.

const encodings: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 of more': (secret) => Buffer.from(`{"a":"${secret}","b":12}`).toString('base64'),
  base64url: (secret) => Buffer.from(`x${secret}`).toString('base64url'),
  Basic: (secret) => `Basic ${Buffer.from(`client:${secret}`).toString('base64')}`,
  hex: (secret) => Buffer.from(secret).toString('hex'),
  HEX: (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  percent: (secret) => [...secret].map((char) => encodeURIComponent(char)).join(''),
  JSON: (secret) => JSON.stringify({ secret }),
}

/** What a request carries that nobody may see. */
function credentialsOf({ headers, body }: WireRequest): string[] {
  const form = new URLSearchParams(body?.includes('client_secret=') ? body : '')
  return [headers.authorization?.replace(/^Bearer /, ''), form.get('client_secret')].filter((it) => it != null)
}

/** An answer whose every text repeats this, after a text of some length. */
function repeating(status: number, said: string, length: number, date = ''): WireResponse {
  const text = `${'so '.repeat(length)}${said} not good`
  const body = {
    errors: [{ code: said, title: text, detail: text }],
    traceId: said,
    error: text,
    error_description: text,
    message: text,
    documentation_url: text,
  }
  const names = ['x-github-request-id', 'x-accepted-github-permissions', 'content-type', 'location', 'server', 'link']
  return {
    status,
    headers: { ...Object.fromEntries(names.map((name) => [name, said])), date },
    body: JSON.stringify(body),
  }
}

async function startWith(kind: 'key' | 'client'): Promise<Simulation> {
  const simulation = await Simulation.start()
  if (kind === 'key') return simulation
  const { clientId, secret } = simulation.sandbox.tenant.createAdminClient()
  Object.assign(simulation.inputs, { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret })
  return simulation
}

describe('a service that repeats a credential', () => {
  for (const [name, encode] of Object.entries(encodings))
    it(`in ${name} shows nothing of it, whichever request it refuses, and however long what it says`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(12),
          fc.constantFrom(400, 401, 403, 404, 409, 418, 422, 302, 500, 200),
          fc.nat(110),
          fc.boolean(),
          fc.constantFrom('key', 'client'),
          async (nth, status, length, isRotating, kind) => {
            const simulation = await startWith(kind)
            if (isRotating) await simulation.run()
            let count = 0
            simulation.hostile = (answer, request) => {
              if (count++ < nth) return answer
              const said = credentialsOf(request).map(encode).join(' ')
              const bad = repeating(status, said, length, answer.headers.date)
              return status === 200 ? { ...bad, body: `<html>${bad.body}` } : bad
            }
            const result = await simulation.run({ rotate: isRotating ? 'now' : 'auto' })
            expectNothingReadable(simulation, result)
          },
        ),
        { numRuns: 25 },
      )
    })
})
