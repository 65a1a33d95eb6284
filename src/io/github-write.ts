import type { Destination } from '../domain/destination.ts'
import { ActionError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import type { At, PublicKey } from '../ports.ts'
import type { Answer } from './answers.ts'
import { type Api, ask, type Scope } from './github-api.ts'
import { sealed } from './sealed-box.ts'

/** Creates or replaces a secret, in place: it is never deleted first. The same value twice does no harm, so it is repeated safely. */
export async function putSecret(
  api: Api,
  scope: Scope,
  name: string,
  value: Secret | string,
  { id, key }: PublicKey,
  sendBy: number,
): Promise<At<void>> {
  const encrypted_value = await sealed(value instanceof Secret ? value.open() : value, key)
  const { at } = await ask(api, {
    route: 'PUT secrets/{secret_name}',
    scope,
    what: `writing the secret ${name}`,
    parameters: { secret_name: name, encrypted_value, key_id: id },
    sendBy,
  })
  return { value: undefined, at }
}

/** Creating and changing a variable are two requests. Where the other one is needed after all, it is made. */
export async function putVariable(
  api: Api,
  { idName: name, ...scope }: Destination,
  value: string,
  exists: boolean,
): Promise<void> {
  const what = `writing the variable ${name}`
  const create = () => ask(api, { route: 'POST variables', scope, what, parameters: { name, value } })
  const change = (): Promise<Answer> =>
    ask(api, { route: 'PATCH variables/{name}', scope, what, parameters: { name, value } })
  try {
    await (exists ? change() : create())
  } catch (thrown) {
    const other = thrown instanceof ActionError && (exists ? thrown.status === 404 : thrown.status === 409)
    if (!other) throw thrown
    await (exists ? create() : change())
  }
}

/** Puts a variable back to what it was. */
export async function restoreVariable(api: Api, destination: Destination, before: string | undefined): Promise<void> {
  if (before === undefined) await removeOne(api, destination, 'variables', destination.idName)
  else await putVariable(api, destination, before, true)
}

/** Deletes the values of a destination; what is gone already is fine. */
export async function remove(api: Api, destination: Destination, parts: ('id' | 'secret')[]): Promise<void> {
  const { secretName, idName, idAs } = destination
  if (parts.includes('secret')) await removeOne(api, destination, 'secrets', secretName)
  if (parts.includes('id')) await removeOne(api, destination, idAs === 'variable' ? 'variables' : 'secrets', idName)
}

async function removeOne(api: Api, scope: Scope, kind: 'secrets' | 'variables', name: string): Promise<void> {
  try {
    await ask(api, { route: `DELETE ${kind}/{name}`, scope, what: `deleting ${name}`, parameters: { name } })
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'DESTINATION_MISSING') throw thrown
  }
}
