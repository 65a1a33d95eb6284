import * as z from 'zod/mini'
import { ActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'
import { type Assignment, isUserId, type ObservedBot, type ObservedSpace, spaceIdPattern } from '../../model/space.ts'
import type { GrantResult, SpaceReader, SpaceWriter } from '../../ports.ts'
import { pages } from './pages.ts'
import { isGone, requireGone } from './read.ts'
import { askTenant, parseTenantAnswer, type Session, usersPath } from './session.ts'

// https://qlik.dev/apis/rest/spaces and https://qlik.dev/apis/rest/users
const spacesPath = '/api/v1/spaces'

// Ids are used in addresses and in the ledger.
const text = z.nullish(z.string())

const spaceSchema = z.object({
  id: z.string().check(z.regex(spaceIdPattern)),
  name: text,
  type: text,
  meta: z.nullish(z.object({ assignableRoles: z.nullish(z.array(z.string())) })),
})

const assignmentSchema = z.object({
  id: z.string().check(z.regex(spaceIdPattern)),
  assigneeId: z.string(),
  roles: z.nullish(z.array(z.string())),
  createdBy: text,
})

const botUserSchema = z.object({
  id: z.string().check(z.refine(isUserId)),
  clientId: text,
  subject: text,
  status: text,
})

// --- reading -----------------------------------------------------------------------------------------------------------

export function createSpaceReader(session: Session): SpaceReader {
  const list = () => allSpaces(session)
  return {
    spaces: list,
    space: (id, label) => withSpaceInError(label, oneSpace(session, id, list)),
    members: (id, label, assigneeId) => withSpaceInError(label, membersOf(session, id, assigneeId)),
    bot: (clientId) => botOf(session, clientId),
  }
}

/** Names and offered roles are read once in a run; after a failure they are read again. */
function allSpaces(session: Session): Promise<ObservedSpace[]> {
  const { spaces } = session
  spaces.all ??= listSpaces(session).catch((thrown: unknown) => {
    spaces.all = undefined
    throw thrown
  })
  return spaces.all
}

async function listSpaces(session: Session): Promise<ObservedSpace[]> {
  const what = 'reading the spaces'
  const found: ObservedSpace[] = []
  for await (const page of pages(session, `${spacesPath}?limit=100`, what)) {
    // No spec can name an entry that lacks the documented form.
    found.push(...page.items.flatMap((raw) => toSpace(spaceSchema.safeParse(raw).data) ?? []))
  }
  return found
}

function toSpace(space: z.infer<typeof spaceSchema> | undefined): ObservedSpace | undefined {
  if (space === undefined) return undefined
  const { id, name, type, meta } = space
  return { id, name: name ?? '', type: type ?? undefined, roles: meta?.assignableRoles ?? undefined }
}

/** A space that a single read does not find counts as gone only if the list lacks it too. */
async function oneSpace(
  session: Session,
  id: string,
  list: () => Promise<ObservedSpace[]>,
): Promise<ObservedSpace | undefined> {
  const what = 'reading the space'
  try {
    const answer = await askTenant(session, { method: 'GET', path: `${spacesPath}/${encodeURIComponent(id)}`, what })
    return toSpace(parseTenantAnswer(spaceSchema, answer, what))
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown
    return (await list()).find((space) => space.id === id)
  }
}

function assignmentsPath(spaceId: string): string {
  return `${spacesPath}/${encodeURIComponent(spaceId)}/assignments`
}

async function membersOf(
  session: Session,
  spaceId: string,
  assigneeId: string | undefined,
): Promise<Assignment[] | undefined> {
  const whose = assigneeId === undefined ? '' : `&assigneeId=${encodeURIComponent(assigneeId)}`
  const found: Assignment[] = []
  try {
    for await (const page of pages(session, `${assignmentsPath(spaceId)}?limit=100${whose}`, 'reading the members')) {
      found.push(...page.items.flatMap(toAssignment))
    }
  } catch (thrown) {
    if (isGone(thrown)) return undefined
    throw thrown
  }
  return assigneeId === undefined ? found : found.filter((it) => it.assigneeId === assigneeId)
}

function toAssignment(raw: unknown): Assignment[] {
  const { data } = assignmentSchema.safeParse(raw)
  if (data === undefined) return []
  return [{ ...data, roles: data.roles ?? [], createdBy: data.createdBy || undefined }]
}

/** The user that can sign in, if there are several: the tenant may keep an earlier user of the client. */
async function botOf(session: Session, clientId: string): Promise<ObservedBot | undefined> {
  const filter = encodeURIComponent(`clientId eq "${clientId}"`)
  const found: ObservedBot[] = []
  for await (const page of pages(session, `${usersPath}?filter=${filter}&limit=100`, 'looking for the client’s user')) {
    found.push(...page.items.flatMap((raw) => toBot(raw, clientId)))
  }
  return found.find(({ isDisabled }) => !isDisabled) ?? found[0]
}

/** The tenant may ignore the filter, and may write the subject in upper case. */
function toBot(raw: unknown, clientId: string): ObservedBot[] {
  const { data } = botUserSchema.safeParse(raw)
  if (data === undefined || data.status === 'deleted') return []
  const marks = [data.clientId, data.subject].map((mark) => mark?.toLowerCase())
  const isIts = marks.includes(clientId.toLowerCase()) || marks.includes(`qlikbot\\${clientId.toLowerCase()}`)
  return isIts ? [{ id: data.id, isDisabled: data.status === 'disabled' }] : []
}

// --- writing -----------------------------------------------------------------------------------------------------------

export function createSpaceWriter(session: Session): SpaceWriter {
  return {
    grant: (space, botId, roles) => withSpaceInError(space.label, grant(session, space.id, { botId, roles })),
    change: (space, assignmentId, roles) =>
      withSpaceInError(space.label, change(session, space.id, assignmentId, roles)),
    revoke: (space, assignmentId) => withSpaceInError(space.label, revoke(session, space.id, assignmentId)),
  }
}

type Grant = { botId: string; roles: string[] }

/** The documentation lists bots as users and also as a type of their own. The tenant's answers show which type it accepts. */
async function grant(session: Session, spaceId: string, wanted: Grant): Promise<GrantResult> {
  const known = session.spaces
  if (known.typeOfBots !== undefined) return grantAs(session, known.typeOfBots, spaceId, wanted)
  try {
    const result = await grantAs(session, 'user', spaceId, wanted)
    if (result === 'granted') known.typeOfBots = 'user'
    return result
  } catch (thrown) {
    if (!mayBeTheType(thrown)) throw thrown
    const result = await grantAs(session, 'bot', spaceId, wanted).catch((second: unknown) => {
      throw mayBeTheType(second) ? thrown : second
    })
    if (result === 'granted') known.typeOfBots = 'bot'
    return result
  }
}

function mayBeTheType(thrown: unknown): boolean {
  return thrown instanceof ActionError && !thrown.uncertain && [400, 404, 422].includes(thrown.status ?? 0)
}

async function grantAs(
  session: Session,
  type: 'user' | 'bot',
  spaceId: string,
  { botId, roles }: Grant,
): Promise<GrantResult> {
  try {
    await askTenant(session, {
      method: 'POST',
      path: assignmentsPath(spaceId),
      what: 'adding the client’s user',
      body: { type, assigneeId: botId, roles },
    })
    return 'granted'
  } catch (thrown) {
    if (thrown instanceof ActionError && thrown.code === 'TENANT_REJECTED' && thrown.status === 409) return 'taken'
    throw thrown
  }
}

/** False if the assignment is gone. */
async function change(session: Session, spaceId: string, assignmentId: string, roles: string[]): Promise<boolean> {
  const path = `${assignmentsPath(spaceId)}/${encodeURIComponent(assignmentId)}`
  try {
    await askTenant(session, { method: 'PUT', path, what: 'changing the roles', body: { roles }, repeatable: true })
    return true
  } catch (thrown) {
    if (isGone(thrown)) return false
    throw thrown
  }
}

/** An assignment that is already gone is no failure. */
async function revoke(session: Session, spaceId: string, assignmentId: string): Promise<void> {
  const path = `${assignmentsPath(spaceId)}/${encodeURIComponent(assignmentId)}`
  const what = 'removing the client’s user'
  await askTenant(session, { method: 'DELETE', path, what, repeatable: true }).catch((thrown: unknown) =>
    requireGone(session, thrown, what, async () => {
      const members = await membersOf(session, spaceId, undefined)
      return members === undefined || members.every(({ id }) => id !== assignmentId)
    }),
  )
}

/** A failure names its space, and a refusal names the permission that the caller needs. */
async function withSpaceInError<T>(label: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    if (!(thrown instanceof ActionError)) throw thrown
    const hint = thrown.code === 'TENANT_FORBIDDEN' ? forbiddenHint : thrown.hint
    throw thrown.with({ message: `space ${plain(label, 100)}: ${thrown.message}`, hint })
  }
}

const forbiddenHint =
  'Whoever the action signs in as must be allowed to manage the space: a tenant admin, or a client with the scope admin.spaces (admin_classic includes it).'
