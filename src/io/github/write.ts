import { ActionError, toActionError } from '../../base/errors.ts'
import { Secret } from '../../base/secret.ts'
import { plain } from '../../base/text.ts'
import {
  type Access,
  type Destination,
  destinationLabel,
  type Scope,
  type Visibility,
} from '../../model/destination.ts'
import { accessToWrite, isCompleteAccess } from '../../model/visibility.ts'
import type { DestinationWriter, Removal, SecretToPut, Timed } from '../../ports.ts'
import { type Api, askGithub, isUnseen } from './api.ts'
import { encryptSecret } from './encrypt-secret.ts'
import { listValues, readWithAccess, type ValueKind } from './read.ts'
import { withoutToken } from './without-token.ts'

/** Writing needs a token. */
export function createDestinationWriter(api: Api | undefined): DestinationWriter {
  if (api === undefined) return withoutToken.writer
  return {
    putSecret: (secret) => putSecret(api, secret),
    putVariable: (destination, value, exists) => putVariable(api, destination, value, exists),
    restoreVariable: (destination, before) => restoreVariable(api, destination, before),
    remove: (destination, parts) => remove(api, destination, parts),
  }
}

/**
 * Creates or replaces a secret, in place: it is never deleted first. The same value twice does no harm, so it is repeated safely.
 * GitHub would show an organization's secret without a visibility to nobody, so the visibility is always sent.
 */
async function putSecret(api: Api, { destination, name, value, prepared, sendBy }: SecretToPut): Promise<Timed<void>> {
  const { id, key } = prepared.publicKey
  const access = visibilityParameters(destination, accessToWrite(destination, name, prepared.seen))
  const encrypted_value = await encryptSecret(value instanceof Secret ? value.open() : value, key)
  const { at } = await askGithub(api, {
    route: 'PUT secrets/{secret_name}',
    scope: destination,
    what: `writing the secret ${name}`,
    parameters: { secret_name: name, encrypted_value, key_id: id, ...access },
    sendBy,
  })
  return { value: undefined, at }
}

type VisibilityParameters = { visibility: Visibility; selected_repository_ids?: number[] } | Record<never, never>

/**
 * The visibility in GitHub's form. The secret that the plan saw may be gone now, or GitHub may not show all its repositories to
 * us.
 */
function visibilityParameters(destination: Destination, access: Access | undefined): VisibilityParameters {
  if (destination.organization === undefined) return {}
  if (access === undefined)
    throw new ActionError(
      'INPUT_INVALID',
      `visibility: is missing, and the present visibility of ${plain(destinationLabel(destination))} can’t be read in full`,
      'Give visibility: all, private, or selected with selected-repositories.',
    )
  const { visibility, repositories } = access
  return { visibility, ...(visibility === 'selected' ? { selected_repository_ids: repositories!.map(Number) } : {}) }
}

/**
 * Creating and changing a variable are two requests. If the first one turns out to be wrong, the other one is sent. A change
 * keeps the visibility, unless the spec sets it.
 */
async function putVariable(api: Api, destination: Destination, value: string, exists: boolean): Promise<void> {
  const { idName: name, access } = destination
  const what = `writing the variable ${name}`
  const create = async () => {
    const visibility = visibilityParameters(destination, await accessOfNewVariable(api, destination))
    const parameters = { name, value, ...visibility }
    await askGithub(api, { route: 'POST variables', scope: destination, what, parameters })
  }
  const change = async () => {
    const parameters = { name, value, ...(isCompleteAccess(access) ? visibilityParameters(destination, access) : {}) }
    await askGithub(api, { route: 'PATCH variables/{name}', scope: destination, what, parameters })
  }
  try {
    await (exists ? change() : create())
  } catch (thrown) {
    if (!(exists ? isUnseen(thrown) : isThere(thrown))) throw thrown
    await (exists ? create() : change())
  }
}

/** GitHub itself refuses to create a variable that exists. */
function isThere(thrown: unknown): boolean {
  return thrown instanceof ActionError && thrown.code === 'GITHUB_REJECTED' && thrown.status === 409
}

/** The visibility of the spec, or else of the secret beside it. */
async function accessOfNewVariable(api: Api, destination: Destination): Promise<Access | undefined> {
  if (destination.organization === undefined || isCompleteAccess(destination.access)) return destination.access
  const { value } = await readWithAccess(api, destination)
  return accessToWrite(destination, destination.idName, value)
}

/** Gives a variable its previous value again. */
async function restoreVariable(api: Api, destination: Destination, before: string | undefined): Promise<void> {
  if (before === undefined) await removeOne(api, destination, 'variables', destination.idName)
  else await putVariable(api, destination, before, true)
}

async function remove(api: Api, destination: Destination, parts: ('id' | 'secret')[]): Promise<Removal[]> {
  const { secretName, idName, idAs } = destination
  const removals: Removal[] = []
  for (const part of parts) {
    const kind = part === 'id' && idAs === 'variable' ? 'variables' : 'secrets'
    const removing = removeOne(api, destination, kind, part === 'id' ? idName : secretName)
    removals.push(
      await removing.then(
        () => ({ part }),
        (thrown: unknown) => ({ part, left: toActionError(thrown) }),
      ),
    )
  }
  return removals
}

/**
 * Deletes a value; one that is already gone is no failure. Throws `DESTINATION_MISSING` if the token sees neither value nor
 * place.
 */
async function removeOne(api: Api, scope: Scope, kind: ValueKind, name: string): Promise<void> {
  try {
    const what = `deleting ${name}`
    if (kind === 'variables')
      await askGithub(api, { route: 'DELETE variables/{name}', scope, what, parameters: { name } })
    else await askGithub(api, { route: 'DELETE secrets/{secret_name}', scope, what, parameters: { secret_name: name } })
  } catch (thrown) {
    if (!isUnseen(thrown)) throw thrown
    // A token that may read the list of a place can tell that the value is gone. For any other token this read fails.
    const listed = await listValues(api, scope, kind)
    if (listed.has(name.toUpperCase())) throw thrown
  }
}
