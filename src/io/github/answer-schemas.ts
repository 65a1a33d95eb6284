import * as z from 'zod/mini'
import { visibilities } from '../../model/destination.ts'

// The parts of GitHub's answers that we read (docs.github.com/rest/actions/secrets and /variables). Each schema is lazy, because it
// must not delay the first request.

/** A value of an organization has a visibility. A future visibility on other people's values must not make a run fail. */
const visibility = () => z.catch(z.optional(z.enum(visibilities)), undefined)
export const secretSchema = z.lazy(() =>
  z.object({ name: z.string(), updated_at: z.string(), visibility: visibility() }),
)
export const variableSchema = z.lazy(() => z.object({ name: z.string(), value: z.string(), visibility: visibility() }))

// Other people's entries may lack the form: an entry is checked only if it is ours.
const entries = () => z.array(z.unknown())

// GitHub has a thousand at most (docs.github.com, limits for secrets and variables).
const total_count = () => z.int().check(z.minimum(0), z.maximum(10_000))

export const listSchemas = {
  secrets: z.lazy(() => z.object({ total_count: total_count(), secrets: entries() })),
  variables: z.lazy(() => z.object({ total_count: total_count(), variables: entries() })),
}
/** `key_id` is text: its eighteen digits don't fit a JavaScript number. */
export const publicKeySchema = z.lazy(() => z.object({ key_id: z.string(), key: z.string() }))
export const repositorySchema = z.lazy(() => z.object({ id: z.int(), full_name: z.nullish(z.string()) }))
export const repositoriesSchema = z.lazy(() =>
  z.object({ total_count: z.number(), repositories: z.array(repositorySchema) }),
)
