import * as z from 'zod/mini'
import { visibilities } from '../../model/destination.ts'

// What GitHub sends, as far as we read it (docs.github.com/rest/actions/secrets and /variables).

/** What lies in an organization says who sees it. A word of tomorrow, on whatever lies beside ours, is no reason to fail. */
const visibility = z.catch(z.optional(z.enum(visibilities)), undefined)
const secret = z.object({ name: z.string(), updated_at: z.string(), visibility })
const variable = z.object({ name: z.string(), value: z.string(), visibility })

// What somebody else keeps beside ours may lack the form: an entry is checked when it turns out to be ours.
const entries = z.array(z.unknown())

// GitHub has a thousand at most (docs.github.com, limits for secrets and variables).
const total_count = z.int().check(z.minimum(0), z.maximum(10_000))

export const listSchemas = {
  secrets: z.object({ total_count, secrets: entries }),
  variables: z.object({ total_count, variables: entries }),
}
export const secretSchema = secret
export const variableSchema = variable
/** `key_id` is text: its eighteen digits don't fit a JavaScript number. */
export const publicKeySchema = z.object({ key_id: z.string(), key: z.string() })
export const repositorySchema = z.object({ id: z.int(), full_name: z.nullish(z.string()) })
export const repositoriesSchema = z.object({ total_count: z.number(), repositories: z.array(repositorySchema) })
