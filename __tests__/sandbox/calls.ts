import sodium from 'libsodium-wrappers'
import type { SandboxResponse } from '../../sandbox/http.ts'
import type { Service } from '../../sandbox/record.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'

// Tests reach into answers of every shape; a wrong reach fails the test.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any

export type Answer = { status: number; headers: Record<string, string>; json: Json; text: string }

/** Sends one request in-process and insists on an answer. */
export function call(
  sandbox: Sandbox,
  service: Service,
  method: string,
  path: string,
  options: { bearer?: string; body?: unknown; headers?: Record<string, string> } = {},
): Answer {
  const headers: Record<string, string> = {
    'user-agent': 'test',
    'content-type': 'application/json',
    ...options.headers,
  }
  if (options.bearer !== undefined) headers.authorization = `Bearer ${options.bearer}`
  const raw = typeof options.body === 'string'
  const body = options.body === undefined ? '' : raw ? String(options.body) : JSON.stringify(options.body)
  const outcome = sandbox.handle(service, { method, path, headers, body })
  if (outcome.kind !== 'response') throw new Error(`No answer: ${outcome.kind}`)
  return answerOf(outcome)
}

function answerOf(response: SandboxResponse): Answer {
  const isJson = (response.headers['content-type'] ?? '').includes('json') && response.body !== ''
  const json = isJson ? JSON.parse(response.body) : undefined
  return { status: response.status, headers: response.headers, json, text: response.body }
}

export function seal(value: string, key: string): string {
  const box = sodium.crypto_box_seal(sodium.from_string(value), new Uint8Array(Buffer.from(key, 'base64')))
  return Buffer.from(box).toString('base64')
}
