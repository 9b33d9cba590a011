import { isPublished, type Member, packagesOf } from '../house.ts'
import type { Finding, Law } from '../law.ts'
import { blocksOf, headingsOf } from '../markdown.ts'

/** The longest `Use` block, in lines that are not empty. */
const useLimit = 24

/** A reader knows where to look, and what they read runs. */
export const readme: Law = {
  name: 'readme',
  says: 'Every package has a README in one order: its name and one sentence, The idea, Use, What is inside, What is not here, How to add one (with rows), Sources.',
  check: (house) =>
    packagesOf(house)
      .filter(isPublished)
      .flatMap((member) => {
        const path = `${member.folder}/README.md`
        if (!house.tree.has(path)) return [{ file: path, line: 1, says: 'there is no README' }]
        const text = house.tree.read(path)
        return [...opening(member, text), ...order(member, text), ...use(text)].map((each) => ({ file: path, ...each }))
      }),
}

type Place = Omit<Finding, 'file'>

/** The headings a README has, in order. */
function headingsFor(member: Member): readonly string[] {
  const rows = member.sources.some(({ role }) => role === 'rows')
  const inside = ['The idea', 'Use', 'What is inside', 'What is not here']
  return [...inside, ...(rows ? ['How to add one'] : []), 'Sources']
}

function opening(member: Member, text: string): readonly Place[] {
  const [title, blank, ...rest] = text.split('\n')
  if (title !== `# ${member.name}`) return [{ line: 1, says: `begins with “# ${member.name}”` }]
  const sentence = rest.slice(0, rest.indexOf('')).join(' ')
  if (blank === '' && /^\S.*\.$/.test(sentence)) return []
  return [{ line: 3, says: 'says in one sentence what it is, right after its name' }]
}

function order(member: Member, text: string): readonly Place[] {
  const wanted = headingsFor(member)
  const found = headingsOf(text).filter(({ level }) => level === 2)
  const differs = [...wanted, undefined].findIndex((heading, at) => found[at]?.text !== heading)
  if (differs === -1) return []
  const [is, should] = [found[differs], wanted[differs]]
  if (should === undefined) return [{ line: is?.line ?? 1, says: `“${is?.text}” has no place here` }]
  return [{ line: is?.line ?? 1, says: is ? `“${is.text}” where “${should}” belongs` : `“${should}” is missing` }]
}

function use(text: string): readonly Place[] {
  const blocks = blocksOf(text).filter(({ under, language }) => under === 'Use' && language === 'ts')
  const [block] = blocks
  if (block === undefined || blocks.length > 1)
    return [{ line: 1, says: `Use has ${blocks.length} ts blocks, not one` }]
  const long = block.code.split('\n').filter((line) => line.trim() !== '').length
  return long <= useLimit ? [] : [{ line: block.line, says: `the block under Use has ${long} lines, over ${useLimit}` }]
}
