import { didYouMeanSentence } from '../base/did-you-mean.ts'
import { plain } from '../base/text.ts'
import { documentedRoles, type Membership } from '../model/space.ts'
import { mostSpaces } from './space-schema.ts'

/** A warning for each role that Qlik does not document: it may exist, but a misspelling is likelier. */
export function roleWarnings(spaces: Membership[]): string[] {
  const strange = new Set(spaces.flatMap(({ roles }) => roles).filter((name) => !documentedRoles.includes(name)))
  return [...strange].slice(0, mostSpaces).map((name) => {
    const suggestion = didYouMeanSentence(name, documentedRoles)
    return `The role ${plain(name, 60)} is not among the roles of spaces that Qlik documents.${suggestion}`
  })
}
