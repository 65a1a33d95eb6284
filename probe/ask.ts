import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { SignIn } from './bench.ts'

export type Given = { origin: string; signIn: SignIn }

type Env = Record<string, string | undefined>

/**
 * The tenant and the credential, from the environment or by asking. Arguments are not safe for them: other processes can read
 * those.
 */
export async function readGiven(env: Env): Promise<Given> {
  const origin = tenantOrigin(env.QLIK_TENANT?.trim() || (await ask('Tenant, such as acme.eu.qlikcloud.com: ')))
  const id = env.QLIK_ADMIN_CLIENT_ID?.trim()
  if (id) {
    const secret = env.QLIK_ADMIN_CLIENT_SECRET?.trim() || (await askUnseen('Secret of the admin client (not shown): '))
    return { origin, signIn: { kind: 'client', id, secret: bare(secret) } }
  }
  const key = env.QLIK_API_KEY?.trim() || (await askUnseen('API key of a tenant administrator (not shown): '))
  return { origin, signIn: { kind: 'api-key', key: bare(key) } }
}

export async function confirmed(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(question)).trim())
}

/** Https, a host of Qlik Cloud or this machine, and nothing after it, because a key will be sent there. */
export function tenantOrigin(text: string): string {
  const address = /^https?:\/\//i.test(text) ? text : `https://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isLoopback = url !== undefined && /^(127\.0\.0\.1|localhost)$/.test(url.hostname)
  const isQlik =
    url?.protocol === 'https:' &&
    url.port === '' &&
    /^[a-z0-9-]+(\.[a-z0-9-]+)*\.qlikcloud(gov)?\.com$/.test(url.hostname)
  const isBare = url?.username === '' && url.password === '' && url.pathname === '/' && url.search + url.hash === ''
  if (!isBare || !(isQlik || isLoopback))
    throw new Error('The tenant must be https://<tenant>.<region>.qlikcloud.com, or just the host.')
  return url.origin
}

function bare(secret: string): string {
  if (!/^[\x21-\x7e]{8,}$/.test(secret))
    throw new Error('The key or secret is empty, or contains spaces or unusual characters.')
  return secret
}

function ask(question: string): Promise<string> {
  return prompt(question, process.stderr)
}

/** The typed or pasted text is used only as the answer. */
async function askUnseen(question: string): Promise<string> {
  const answer = await prompt(question, new Writable({ write: (_chunk, _encoding, done) => done() }))
  process.stderr.write('\n')
  return answer.trim()
}

async function prompt(question: string, output: NodeJS.WritableStream): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error(
      'There is no terminal to ask on: set QLIK_TENANT and QLIK_API_KEY, and give --yes. See docs/probe.md.',
    )
  // From here on the terminal does not echo. The question must not appear earlier.
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  const control = new AbortController()
  lines.once('SIGINT', () => control.abort())
  try {
    process.stderr.write(question)
    return await lines.question('', { signal: control.signal })
  } catch {
    throw new Error('\nStopped; nothing was sent.')
  } finally {
    lines.close()
  }
}
