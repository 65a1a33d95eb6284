import type { Settings } from '../sandbox/settings.ts'
import { type Bench, type Delay, granted, type Subject } from './bench.ts'
import { type Reply, Untold } from './wire.ts'

/** The observation, for people, and the settings with which the sandbox behaves like this. */
type Finding = { reads: string; settings?: Partial<Settings> }

/** One question that the public documentation of Qlik Cloud leaves open, and the requests that answer it. */
export type Fact = {
  id: string
  question: string
  /** The sandbox's switches for it. */
  settings: (keyof Settings)[]
  find: (bench: Bench) => Promise<Finding>
}

export type Main = Subject & { consentAtBirth: unknown }

/** The client that most questions are asked with: trusted, able to sign in, and allowed to manage clients. */
export function mainClient(bench: Bench): Promise<Main> {
  return bench.once('main', async () => {
    const allowedScopes = ['admin_classic', 'user_default', 'apps:read']
    const client = await bench.subject({ allowedScopes, connectionConfig: { consentMethod: 'trusted' } })
    const config = granted('reading the consent')(await bench.client(client.id, '/connection-configs/me'))
    const { consentMethod } = config.body
    if (consentMethod !== 'trusted') await bench.consent(client.id, 'trusted')
    const { by } = await bench.delay(bench.now, () => bench.signsIn(client.id, client.secret))
    if (by === undefined) throw new Untold('the probe’s client got no access token within two minutes')
    return { ...client, consentAtBirth: consentMethod }
  })
}

/** A client without consent: it never gets a token. */
export function plainClient(bench: Bench): Promise<Subject> {
  return bench.once('plain', () => bench.subject({ allowedScopes: ['user_default'] }))
}

/** Its entry in the list; waits until it is listed. */
export async function listed(bench: Bench, id: string): Promise<Record<string, unknown>> {
  let entry: Record<string, unknown> | undefined
  const isListed = async () => {
    entry = (await bench.filtered(`clientId eq "${id}"`)).find(({ clientId }) => clientId === id)
    return entry !== undefined
  }
  await bench.delay(bench.now, isListed)
  if (entry === undefined) throw new Untold('the client was not listed within two minutes')
  return entry
}

/** The user of a token: 401 if the token is no longer valid. */
export function whoAmI(bench: Bench, bearer: string): Promise<Reply> {
  return bench.wire.send({ method: 'GET', path: '/api/v1/users/me', bearer })
}

/** Whether the latest change makes a token invalid within half a minute. */
export async function dies(bench: Bench, bearer: string): Promise<Delay> {
  return bench.delay(bench.now, async () => (await whoAmI(bench, bearer)).status === 401, 30)
}

/** Whether the tenant accepted or rejected the request. Any other answer throws, because it proves nothing. */
export function taken(reply: Reply): boolean {
  if (reply.ok) return true
  if ([401, 403, 429].includes(reply.status)) throw new Untold(`the tenant answered ${reply.refusal}`)
  return false
}

export function inWords({ notYet, by }: Delay): string {
  if (by === undefined) return `not within ${round(notYet ?? 0)} s`
  return notYet === undefined ? 'at once' : `after ${round(by)} s (not yet after ${round(notYet)} s)`
}

/** Whole seconds, as the sandbox's settings are: the shortest times that were certainly enough. */
export function inSeconds({ by }: Delay): number | undefined {
  return by === undefined ? undefined : Math.ceil(by - 0.05)
}

function round(seconds: number): string {
  return String(seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds))
}
