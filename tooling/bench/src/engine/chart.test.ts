import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kept } from '../results.ts'
import { chart } from './chart.ts'
import type { Measured } from './measured.ts'
import { block, type Kept, replaced } from './page.ts'

const row = (name: string, ratio: number): Measured => ({
  name,
  says: name,
  kind: 'compute',
  width: 64,
  apart: false,
  peers: {},
  ratios: { qemu: ratio },
})

const rectangle = (svg: string, style: string) => {
  const [, x, width] = new RegExp(`<rect class="${style}" x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)"`).exec(svg)!
  return { x: Number(x), width: Number(width) }
}

test('bars of half and of twice the time are as long, and meet at one', () => {
  const svg = chart([row('fast', 0.5), row('slow', 2)])
  const [fast, slow] = [rectangle(svg, 'better'), rectangle(svg, 'worse')]
  expect(fast.width).toBeCloseTo(slow.width, 0)
  expect(fast.x + fast.width).toBeCloseTo(slow.x, 0)
})

test('names are text in the picture, whatever they hold', () => {
  expect(chart([row('a < b & c', 1)])).toContain('a &lt; b &amp; c')
})

const all = JSON.parse(readFileSync(kept('engine').json, 'utf8')) as Kept

test('the picture is drawn from the results that are kept', () => {
  expect(readFileSync(kept('engine').svg, 'utf8')).toBe(chart(all.rows))
})

test('the numbers in the README are those that are kept', () => {
  const page = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')
  expect(replaced(page, block(all))).toBe(page)
})
