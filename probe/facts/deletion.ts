import { granted } from '../bench.ts'
import { type Fact, plainClient } from '../fact.ts'
import { Untold } from '../wire.ts'

/** Facts about deletion: asked last, because they delete the clients. */
export const deletionFacts: Fact[] = [
  {
    id: 'unconfirmed-deletion',
    question: 'How does the tenant answer a deletion without the confirming header?',
    settings: ['unconfirmedDeleteStatus'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      const without = await bench.own.remove(id, '')
      if (without.ok) {
        bench.forget('plain')
        return { reads: 'it is carried out all the same' }
      }
      const wrong = await bench.own.remove(id, 'another')
      if (wrong.ok) bench.forget('plain')
      const other =
        wrong.status === without.status
          ? '; with a wrong one the same'
          : `; with a wrong one ${wrong.refusal ?? wrong.status}`
      return { reads: `${without.refusal}${other}`, settings: { unconfirmedDeleteStatus: without.status } }
    },
  },
  {
    id: 'deleted-clients',
    question: 'Are deleted clients still shown?',
    settings: ['deletedClients'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      granted('deleting a client')(await bench.own.remove(id))
      bench.forget('plain')
      const gone = await bench.delay(bench.now, async () => !(await bench.client(id)).ok, 30)
      const list = await bench.filtered(`clientId eq "${id}"`)
      const lists = list.some(({ clientId }) => clientId === id)
      const isRead = gone.by === undefined
      if (!isRead && !lists) return { reads: 'no', settings: { deletedClients: 'hidden' } }
      if (isRead && lists) return { reads: 'yes, marked as deleted', settings: { deletedClients: 'shown' } }
      throw new Untold(isRead ? 'read one by one, but not listed' : 'listed, but not read one by one')
    },
  },
]
