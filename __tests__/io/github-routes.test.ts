import { describe, expect, it } from 'vitest'
import type * as z from 'zod/mini'
import type * as wire from '../../src/io/github/answer-schemas.ts'
import type { AnswerTo, ParametersOf, Route } from '../../src/io/github/routes.ts'

/** GitHub's types allow for numbers beyond 2^53; JSON as we parse it has none. */
type Parsed<T> = T extends bigint ? never : T extends object ? { [K in keyof T]: Parsed<T[K]> } : T

/** Can the schema read each answer that GitHub describes? */
type Reads<Schema extends z.ZodMiniType, Answer> = [Parsed<Answer>] extends [z.input<Schema>] ? 'all' : 'some'

describe('what we ask GitHub for', () => {
  it('is read as GitHub’s own description has it: the compiler refuses any other form', () => {
    const read = {
      secrets: 'all' satisfies Reads<typeof wire.listSchemas.secrets, AnswerTo<'GET secrets'>>,
      variables: 'all' satisfies Reads<typeof wire.listSchemas.variables, AnswerTo<'GET variables'>>,
      secret: 'all' satisfies Reads<typeof wire.secretSchema, AnswerTo<'GET secrets/{secret_name}'>>,
      key: 'all' satisfies Reads<typeof wire.publicKeySchema, AnswerTo<'GET secrets/public-key'>>,
      repository: 'all' satisfies Reads<typeof wire.repositorySchema, AnswerTo<'GET /repos/{owner}/{repo}'>>,
      planted: 'some' satisfies Reads<
        z.ZodMiniObject<{ key_id: z.ZodMiniNumber<number> }>,
        AnswerTo<'GET secrets/public-key'>
      >,
    }
    expect(Object.keys(read)).toHaveLength(6)
  })

  it('takes the parameters of GitHub’s own description, on routes that it has', () => {
    const parameters = {
      secret_name: 'A',
      encrypted_value: 'x',
      key_id: '1',
    } satisfies ParametersOf<'PUT secrets/{secret_name}'>
    // @ts-expect-error GitHub has no variables of secrets.
    const planted: Route = 'GET secrets/{secret_name}/variables'
    // @ts-expect-error The name of the key is text.
    const wrong: ParametersOf<'PUT secrets/{secret_name}'> = { ...parameters, key_id: 1 }
    expect([planted, wrong.key_id]).toHaveLength(2)
  })
})
