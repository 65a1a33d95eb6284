import * as z from 'zod/mini'
import { isPrintable } from '../base/text.ts'
import { clientSchema } from './client-spec.ts'

/** The values for clients that leave them out. Name, id and state belong to each client alone. */
export const defaultsSchema = z.partial(z.omit(clientSchema, { name: true, 'client-id': true, state: true }))

/** A spec file as users write it. */
export const fileSchema = z.strictObject({
  version: z.literal(1),
  tenant: z.optional(z.string().check(z.minLength(1), z.maxLength(512, 'has at most 512 characters'))),
  environment: z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.maxLength(255, 'has at most 255 characters'),
        z.refine(isPrintable, 'contains control characters'),
      ),
  ),
  defaults: z.optional(defaultsSchema),
  clients: z.array(clientSchema).check(z.minLength(1)),
})

const frameSchema = z.extend(fileSchema, { clients: z.array(z.unknown()).check(z.minLength(1)) })

/**
 * The schema's findings in a file. Clients are checked one by one: all at once would need twice the memory for thousands of
 * clients.
 */
export function schemaIssues(file: unknown, clients: readonly unknown[]): z.core.$ZodIssue[] {
  const issues = frameSchema.safeParse(file).error?.issues ?? []
  return clients.reduce<z.core.$ZodIssue[]>((all, client, index) => {
    for (const issue of clientSchema.safeParse(client).error?.issues ?? [])
      all.push({ ...issue, path: ['clients', index, ...issue.path] })
    return all
  }, issues)
}
