import type { Settings } from '../../sandbox/settings.ts'
import { type Bench, granted } from '../bench.ts'
import { type Fact, inWords, mainClient, plainClient } from '../fact.ts'
import { spacesPath } from '../own-spaces.ts'
import { type Reply, Untold } from '../wire.ts'

/** The user that a client acts as, if it has one. */
async function botOf(bench: Bench, clientId: string): Promise<string | undefined> {
  const query = new URLSearchParams({ filter: `clientId eq "${clientId}"`, limit: '100' })
  const { body } = granted('looking for the user')(await bench.admin({ method: 'GET', path: `/api/v1/users?${query}` }))
  const users = Array.isArray(body.data) ? (body.data as Record<string, unknown>[]) : []
  const id = users.find((user) => isOf(user, clientId))?.id
  return typeof id === 'string' ? id : undefined
}

function isOf({ clientId, subject }: Record<string, unknown>, id: string): boolean {
  return [clientId, subject].some((mark) => String(mark).toLowerCase().endsWith(id.toLowerCase()))
}

/** Whether a space takes the bot of the main client as this type; it is taken out again at once. */
async function takesAs(bench: Bench, space: string, type: 'user' | 'bot', assigneeId: string): Promise<Reply> {
  const path = `${spacesPath}/${space}/assignments`
  const reply = await bench.admin({ method: 'POST', path, body: { type, assigneeId, roles: ['consumer'] } })
  if (!reply.ok) return reply
  granted('taking it out')(await bench.admin({ method: 'DELETE', path: `${path}/${String(reply.body.id)}` }))
  return reply
}

type Seen = { asUser: Reply; asBot: Reply; closed: Reply }

/** What a space of the probe's own shows; it is deleted right after. */
function ownSpace(bench: Bench): Promise<Seen> {
  return bench.once('space', async () => {
    const { id, secret } = await mainClient(bench)
    const bot = await botOf(bench, id)
    if (bot === undefined) throw new Untold('the client has no user, although it got an access token')
    const space = await bench.spaces.create()
    const bearer = await bench.token(id, secret, 'user_default')
    const closed = await bench.wire.send({ method: 'GET', path: `${spacesPath}/${space}`, bearer })
    await bench.revoke(bearer)
    const asUser = await takesAs(bench, space, 'user', bot)
    const asBot = await takesAs(bench, space, 'bot', bot)
    granted('deleting the space')(await bench.spaces.remove(space))
    return { asUser, asBot, closed }
  })
}

/** Of the users of clients, and of spaces. */
export const spaceFacts: Fact[] = [
  {
    id: 'bot-appears',
    question: 'Does a client have its user before its first access token?',
    settings: ['botAppears'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      const delay = await bench.delay(bench.now, async () => (await botOf(bench, id)) !== undefined, 20)
      return delay.by === undefined
        ? { reads: `no (${inWords(delay)})`, settings: { botAppears: 'with-token' } }
        : { reads: `yes, ${inWords(delay)}`, settings: { botAppears: 'with-client' } }
    },
  },
  {
    id: 'type-of-bots',
    question: 'As which `type` does a space take the user of a client?',
    settings: ['typeOfBots', 'wrongTypeStatus'],
    find: async (bench) => {
      const { asUser, asBot } = await ownSpace(bench)
      if (asUser.ok && asBot.ok) return { reads: 'either', settings: { typeOfBots: 'either' } }
      if (!asUser.ok && !asBot.ok) throw new Untold(`neither: ${asUser.refusal}; ${asBot.refusal}`)
      const typeOfBots: Settings['typeOfBots'] = asUser.ok ? 'user' : 'bot'
      const { status, refusal } = asUser.ok ? asBot : asUser
      return { reads: `${typeOfBots} (another: ${refusal})`, settings: { typeOfBots, wrongTypeStatus: status } }
    },
  },
  {
    id: 'unseen-space',
    question: 'What does a space answer to a client whose user is not a member?',
    settings: ['unseenSpace'],
    find: async (bench) => {
      const { closed } = await ownSpace(bench)
      if (closed.status !== 403 && closed.status !== 404) throw new Untold(`it answered ${closed.status}`)
      return { reads: closed.refusal ?? '', settings: { unseenSpace: closed.status === 404 ? 'missing' : 'forbidden' } }
    },
  },
]
