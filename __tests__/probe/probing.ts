import { report } from '../../probe/report.ts'
import { type Probe, probe } from '../../probe/run.ts'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import { TransportError } from '../../src/io/http/network-failures.ts'
import type { Transport } from '../../src/io/http/transport.ts'
import { secretsIn } from '../support/no-secret-in-text.ts'

export type Probing = {
  result: Probe
  report: string
  requests: { method: string; path: string; at: number }[]
  said: string[]
  /** Every secret, token and key that went over the wire. */
  secrets: Set<string>
}

/** What is done about a request in place of letting the sandbox answer; undefined: nothing is. */
export type Meddle = (
  index: number,
  act: { wire: { method: string; path: string }; send: () => ReturnType<Transport>; stop: () => void },
) => ReturnType<Transport> | undefined

export async function tenant(settings: Partial<Settings> = {}): Promise<Sandbox> {
  await ready()
  return new Sandbox({ clock: 'frozen', ...settings })
}

/** The probe against a sandbox in this process, on the sandbox's frozen clock. */
export async function probing(sandbox: Sandbox, meddle: Meddle = () => undefined, by?: 'client'): Promise<Probing> {
  const key = sandbox.tenant.issueApiKey({ admin: true }).value
  const requests: Probing['requests'] = []
  const said: string[] = []
  const secrets = new Set([key])
  const listeners = new Set<() => void>()
  let stopped = false
  const stop = () => {
    stopped = true
    for (const listener of listeners) listener()
  }
  const transport: Transport = async (wire) => {
    const { pathname, search } = new URL(wire.url)
    const index = requests.push({ method: wire.method, path: pathname + search, at: sandbox.clock.now() }) - 1
    const send = async () => {
      const { method, headers, body = '' } = wire
      const assertion = new URLSearchParams(body).get('client_assertion')
      if (assertion !== null) secrets.add(assertion)
      const outcome = sandbox.handle('tenant', { method, path: pathname + search, headers, body })
      if (outcome.kind !== 'response') throw new TransportError('lost', 'the connection broke')
      for (const secret of secretsIn(outcome.body)) secrets.add(secret)
      return { status: outcome.status, headers: outcome.headers, body: outcome.body }
    }
    return meddle(index, { wire: requests[index]!, send, stop }) ?? send()
  }
  const admin = by === 'client' ? sandbox.tenant.createAdminClient('Automation') : undefined
  if (admin !== undefined) secrets.add(admin.secret)
  const result = await probe({
    origin: sandbox.settings.tenantUrl,
    signIn: admin ? { kind: 'client', id: admin.clientId, secret: admin.secret } : { kind: 'api-key', key },
    transport,
    run: 'c0ffee123456',
    say: (line) => said.push(line),
    clock: {
      elapsed: () => sandbox.clock.now(),
      sleep: async (milliseconds, signal) => (signal.aborted ? undefined : sandbox.clock.advance(milliseconds)),
    },
    stop: {
      get requested() {
        return stopped
      },
      onStop: (listener) => {
        if (stopped) listener()
        else listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  })
  const about = { version: '0.1.0', date: '2026-11-24', node: '24.0.0', signedInBy: by ?? 'api-key' } as const
  return { result, report: report(result, about), requests, said, secrets }
}
