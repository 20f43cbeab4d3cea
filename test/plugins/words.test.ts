import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, parsePolicy } from '../../core/index.ts';
import { PolicyGate } from '../../core/plugin/policy-gate.ts';
import { gaussian, seeded } from '../../core/random.ts';
import { association, inWords, leaning, skewChance, skewsOf } from '../../plugins/audit/statistics.ts';
import { pairsOf } from '../../plugins/curate.ts';
import { PICTURES } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { HEARTS } from '../support/policies.ts';
import { eventsOf, servicesOf, tableOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const registry = await loadRegistry();
const textOf = (events: readonly PluginEvent[], name: string): string => {
  const found = events.find((e) => e.type === 'file' && e.name === name);
  return found?.type === 'file' ? new TextDecoder().decode(found.bytes) : '';
};
async function shapes(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'heart.png'), await drawn('heart', 'red'));
  await writeFile(join(folder, 'star.png'), await drawn('star', 'gold'));
  return folder;
}
const run = (id: string, parameters: object, root: string): Promise<PluginEvent[]> =>
  eventsOf(registry.find(id), parameters, servicesOf(engine, root));

describe('prompt-rank', () => {
  it('puts the prompt that fits first, from words or from a file', async () => {
    const folder = await shapes();
    const list = join(folder, 'prompts.txt');
    await writeFile(list, '# mine\na yellow star\n\na red heart\na submarine\n');
    const { rows } = tableOf(
      await run('prompt-rank', { pictures: [folder], prompts: [list], best: 1 }, folder),
      /fits/,
    );
    expect(rows.map((r) => r[1])).toEqual(['a red heart', 'a yellow star']);
  });
  it('says over all pictures which prompt fits best how often, with what other samples would give, and keeps it all', async () => {
    const folder = await shapes();
    const prompts = ['a red heart', 'a yellow star', 'a submarine'];
    const events = await run('prompt-rank', { pictures: [folder], prompts }, folder);
    const { rows } = tableOf(events, /Over all 2/);
    const wins = new Map(rows.map((r) => [r[0], r[4]]));
    expect(Object.fromEntries(wins)).toEqual({ 'a red heart': 0.5, 'a yellow star': 0.5, 'a submarine': 0 });
    // From two pictures nobody can say.
    expect(new Set(rows.map((r) => r[7]))).toEqual(new Set(['cannot say from 2']));
    for (const [, mean, from, to] of rows)
      expect([Number(from) <= Number(mean), Number(mean) <= Number(to)]).toEqual([true, true]);
    const csv = events.find((e) => e.type === 'file' && e.name === 'prompts.csv');
    expect(csv?.type === 'file' && new TextDecoder().decode(csv.bytes).trim().split('\r\n').length).toBe(7);
    await writeFile(join(folder, 'torn.png'), 'no');
    await expect(run('prompt-rank', { pictures: [join(folder, 'torn.png')], prompts }, folder)).rejects.toMatchObject({
      code: 'NO_PICTURES',
    });
  });
});

describe('interrogate', () => {
  it('describes what is there, better with a wider search than greedily, and finds the sentence that fits', async () => {
    const folder = await shapes();
    const picture = join(folder, 'heart.png');
    const text = 'We sell violins. This is a red heart. The weather was fine.';
    const cosine = async (beam: number): Promise<number> => {
      const events = await run('interrogate', { pictures: [picture], beam, best: 1, text }, folder);
      const [row = []] = tableOf(events, /shows/).rows;
      expect(String(row[1])).toMatch(/heart/);
      expect(String(row[2])).toMatch(/^[A-Z].*\.$/);
      const fits = tableOf(events, /text/).rows.toSorted((a, b) => Number(b[2]) - Number(a[2]));
      expect(fits[0]?.[1]).toBe('This is a red heart.');
      return Number(row[3]);
    };
    expect(await cosine(12)).toBeGreaterThanOrEqual(await cosine(1));
  });
  it('says that it cannot say what plain colours, gradients and patterns show, and how sure it is of what it can', async () => {
    const folder = await temporaryFolder();
    const svg = (inside: string): Buffer =>
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96">${inside}</svg>`);
    const all = '<rect width="96" height="96" ';
    const empty = [
      `${all}fill="#445566"/>`,
      `${all}fill="#f0e8d0"/>`,
      `<defs><linearGradient id="g"><stop stop-color="#d0a070"/><stop offset="1" stop-color="#503010"/></linearGradient></defs>${all}fill="url(#g)"/>`,
      `<defs><pattern id="p" width="14" height="14" patternUnits="userSpaceOnUse"><rect width="7" height="14" fill="#99aabb"/></pattern></defs>${all}fill="#304050"/>${all}fill="url(#p)"/>`,
    ];
    for (const [i, inside] of empty.entries())
      await sharp(svg(inside))
        .png()
        .toFile(join(folder, `nothing-${i}.png`));
    await writeFile(join(folder, 'heart.png'), await drawn('heart', 'red'));
    await copyFile(join(PICTURES, 'lion.webp'), join(folder, 'lion.webp'));
    const { rows } = tableOf(await run('interrogate', { pictures: [folder], best: 1 }, folder), /shows/);
    const said = new Map(rows.map((r) => [String(r[0]).split('/').at(-1), r]));
    expect(empty.map((_, i) => said.get(`nothing-${i}.png`)?.[1])).toEqual(empty.map(() => 'cannot say'));
    expect([said.get('heart.png')?.[1], said.get('lion.webp')?.[1]]).toEqual([
      expect.stringContaining('heart'),
      expect.stringContaining('lion'),
    ]);
    expect(said.get('lion.webp')?.[4]).toBe('surely');
  });
  it('finds words of the vocabulary that fit in the place of others', async () => {
    const folder = await shapes();
    const events = await run('interrogate', { pictures: [join(folder, 'heart.png')], text: 'a blue chair' }, folder);
    const { rows } = tableOf(events, /other words/);
    expect(rows.length).toBeGreaterThan(0);
    for (const [, before, text, gain] of rows) {
      expect(String(text).split(' ')).toHaveLength(3);
      const [[old = 1, now = 0] = []] = await engine.similarity(
        [{ path: join(folder, 'heart.png') }],
        [String(before), String(text)],
      );
      expect(now - old).toBeCloseTo(Number(gain), 4);
      expect(now - old).toBeGreaterThan(0.02);
    }
  });
  it('suggests words that raise the score', async () => {
    const folder = await shapes();
    const events = await run('interrogate', { pictures: [join(folder, 'heart.png')], text: 'a thing' }, folder);
    const gains = tableOf(events, /fit better/).rows;
    expect(gains.length).toBeGreaterThan(0);
    for (const [, after, word, gain] of gains) {
      const [[before = 1, then = 0] = []] = await engine.similarity(
        [{ path: join(folder, 'heart.png') }],
        [String(after), `${after}, ${word}`],
      );
      expect(then - before).toBeCloseTo(Number(gain), 4);
      expect(then - before).toBeGreaterThan(0);
    }
  });
});

const policy = HEARTS;

describe('moderate', () => {
  it('decides by a policy and explains each decision, as a table, CSV and a page', async () => {
    const folder = await shapes();
    const file = join(folder, 'policy.json');
    await writeFile(file, JSON.stringify(policy));
    const events = await run('moderate', { pictures: [folder], policy: file }, folder);
    const { rows } = tableOf(events, /Decisions/);
    expect(rows.map((r) => [String(r[0]).split('/').at(-1), r[1]])).toEqual([
      ['heart.png', 'block'],
      ['star.png', 'pass'],
    ]);
    expect(rows[0]?.slice(2, 4)).toEqual(['Hearts', 'a red heart']);
    expect(rows[0]?.[6]).toBeGreaterThan(0.5);
    expect(rows[0]?.[7]).toMatch(/middle|top|bottom|left|right/);
    expect(textOf(events, 'moderation.csv').split('\r\n')).toHaveLength(4);
    expect(textOf(events, 'moderation.html')).toMatch(/<table>.*data:image\/webp;base64/s);
  });
  it('asks for certainty where a rule does: percentiles alone are soon at their end', async () => {
    const folder = await shapes();
    const file = join(folder, 'policy.json');
    const decisions = async (certainty: number): Promise<(string | number)[]> => {
      const rules = policy.rules.map((r) => ({ ...r, prompts: ['a red heart'], threshold: 90, certainty }));
      await writeFile(file, JSON.stringify({ ...policy, rules }));
      const events = await run('moderate', { pictures: [join(folder, 'heart.png')], policy: file }, folder);
      return tableOf(events, /Decisions/).rows.map((r) => r[1] ?? '');
    };
    expect(await decisions(0)).toEqual(['block']);
    expect(await decisions(1)).toEqual(['pass']);
  });
  it('lets nearly everything pass that it has nothing to do with', async () => {
    const { rows } = tableOf(await run('moderate', { pictures: [PICTURES] }, PICTURES), /Everyday caution/);
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((r) => r[1] !== 'pass').length).toBeLessThan(5);
  });
  it('uses a policy of everyday caution that flags and blocks nothing', async () => {
    const folder = await shapes();
    const { rows } = tableOf(await run('moderate', { pictures: [folder] }, folder), /Everyday caution/);
    expect(rows.every((r) => r[1] !== 'block')).toBe(true);
  });
  it.each([
    ['{', 'not JSON'],
    [JSON.stringify({ ...policy, version: 2 }), 'version'],
    [JSON.stringify({ ...policy, rules: [{ ...policy.rules[0], threshold: 0.25 }] }), 'from 1 to 100'],
    [JSON.stringify({ ...policy, rules: [{ ...policy.rules[0], certanty: 0.9 }] }), 'certanty'],
    [JSON.stringify({ ...policy, rules: [{ ...policy.rules[0], threshold: 120 }] }), 'rules.0.threshold'],
    [JSON.stringify({ ...policy, rules: [policy.rules[0], policy.rules[0]] }), 'same id'],
  ])('refuses a policy that is none: %s', async (text, what) => {
    const folder = await shapes();
    const file = join(folder, 'policy.json');
    await writeFile(file, text);
    await expect(run('moderate', { pictures: [folder], policy: file }, folder)).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining(what),
    });
  });
});

describe('a policy at the gate', () => {
  it('is written as its page shows', async () => {
    const page = await readFile(new URL('../../web/docs/policies.md', import.meta.url), 'utf8');
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(parsePolicy(example, 'the page').rules[0]).toMatchObject({ id: 'weapons', certainty: 0.6 });
  });
  it('looks at every page of a moving picture', async () => {
    const gate = new PolicyGate(parsePolicy(JSON.stringify(policy), 'the test'), engine);
    const [heart, star, square] = [
      await drawn('heart', 'red'),
      await drawn('star', 'gold'),
      await drawn('square', 'blue'),
    ];
    const moving = (pages: Buffer[]): Promise<Buffer> =>
      sharp(pages, { join: { animated: true } })
        .webp()
        .toBuffer();
    const held = async (bytes: Buffer): Promise<boolean> => (await gate.held({ bytes, name: 'it' })) !== undefined;
    expect(await held(await moving([star, square, heart]))).toBe(true);
    expect(await held(await moving([star, square]))).toBe(false);
    expect([await held(heart), await held(star)]).toEqual([true, false]);
  });
});

describe('a page behind the gate', () => {
  it('says of a picture that is blocked that it was held back, and shows the others', async () => {
    const gate = new PolicyGate(parsePolicy(JSON.stringify(policy), 'the test'), engine);
    const [heart, star] = [await drawn('heart', 'red'), await drawn('star', 'gold')];
    const address = (bytes: Buffer): string => `data:image/png;base64,${bytes.toString('base64')}`;
    const shown = `<img alt="a star" src="${address(star)}">`;
    const page = `<p>One</p><img alt="x" src="${address(heart)}"><p style="background: url(${address(heart)})">${shown}</p>`;
    const file = { type: 'file', name: 'page.html', mime: 'text/html' } as const;
    const passed = await gate.pass({ ...file, bytes: Buffer.from(page) });
    const text = passed?.type === 'file' ? Buffer.from(passed.bytes).toString() : '';
    expect(text).toMatch(/^<p>One<\/p><em>POLICY_BLOCKED: [^<]*<\/em><p style="background: url\(data:,\)">/);
    expect(text.endsWith(`${shown}</p>`)).toBe(true);
  });
});

describe('audit', () => {
  it('counts the skew at every place as its definition says', () => {
    const random = seeded(4);
    const first = Array.from({ length: 200 }, () => random() < 0.3);
    const share = (some: readonly boolean[]): number => some.filter(Boolean).length / some.length;
    const wanted = first.map((_, i) => Math.log((share(first.slice(0, i + 1)) + 1e-6) / (share(first) + 1e-6)));
    for (const [i, skew] of skewsOf(first).entries()) expect(skew).toBeCloseTo(wanted[i] ?? 0, 9);
  });
  it('gives chance its share: alike sets are seldom told apart', async () => {
    const random = seeded(9);
    const chance = { random, signal: new AbortController().signal };
    const set = (shift: number): number[] => Array.from({ length: 40 }, () => gaussian(random) + shift);
    const p = async (shift: number): Promise<number> => (await association(set(shift), set(0), chance)).p;
    const alike = [await p(0), await p(0), await p(0), await p(0), await p(0), await p(0), await p(0), await p(0)];
    expect(alike.filter((x) => x < 0.05).length).toBeLessThanOrEqual(2);
    expect(await p(1.5)).toBeLessThan(0.001);
    expect((await leaning(set(1), chance)).p).toBeLessThan(0.001);
  });
  it('says of groups that both lean to one side that one leans more, and of too little nothing', async () => {
    const chance = { random: seeded(4), signal: new AbortController().signal };
    const apart = await association(
      [-1, -1.1, -0.9, -1.05].flatMap((v) => Array<number>(10).fill(v)),
      [-2, -2.1, -1.9, -2.05].flatMap((v) => Array<number>(10).fill(v)),
      chance,
    );
    const words = { towards: 'A', away: 'B', beside: 'the other group' } as const;
    expect(inWords(apart, words)).toMatch(/^These pictures lean more towards "A" than the other group, strongly/);
    expect([apart.from < apart.size, apart.to > apart.size, apart.count]).toEqual([true, true, 40]);
    expect((await leaning(Array<number>(30).fill(0.0213), chance)).size).toBe(10);
    expect(inWords(await leaning([0.3], chance), { ...words, beside: 'everyday pictures' })).toMatch(
      /nothing can be said/,
    );
    // The smaller group says how much can be said.
    const uneven = await association(Array<number>(28).fill(1), [1, 2], chance);
    expect(inWords(uneven, words)).toMatch(/With 2 pictures, take this as a hint/);
  });
  it('gives verdicts on labels that mean nothing in one case of twenty at most, and finds what is there on either side', async () => {
    const random = seeded(21);
    const chance = { random, signal: new AbortController().signal };
    const set = (shift: number): number[] => Array.from({ length: 30 }, () => gaussian(random) + shift);
    let verdicts = 0;
    for (let i = 0; i < 100; i++) if ((await association(set(0), set(0), chance)).p < 0.05) verdicts += 1;
    expect(verdicts).toBeLessThanOrEqual(9);
    for (const shift of [1, -1]) {
      const { size, p } = await association(set(shift), set(0), chance);
      expect([Math.sign(size), p < 0.05]).toEqual([shift, true]);
    }
  });
  it('tells the chance of a search exactly', () => {
    // 3 of 4 first among 6: (3 of 3)(1 of 3) of (4 of 6) = 3/15, and as unlikely the other way round.
    expect(skewChance([true, true, true, false, false, false], 4)).toBeCloseTo(6 / 15, 9);
    expect(skewChance([true, false, true, false], 2)).toBe(1);
  });
  it('finds a leaning that is there, none between groups that are alike, and is honest about few pictures', async () => {
    const [folder, others] = [await temporaryFolder(), await temporaryFolder()];
    const colours = ['#d22', '#c33', '#e22', '#b22', '#d44', '#c22'];
    for (const [i, colour] of colours.entries()) {
      await writeFile(join(folder, `${i}.png`), await drawn('circle', colour));
      await writeFile(join(others, `${i}.png`), await drawn('square', '#2358c8', i % 2 ? '#fff' : '#eee'));
    }
    const root = folder.slice(0, folder.lastIndexOf('/'));
    const parameters = { first: ['something red'], second: ['something blue'], queries: ['a red thing'], top: 6 };
    const events = await run('audit', { pictures: [folder], others: [others], ...parameters }, root);
    const effects = new Map(tableOf(events, /Leaning/).rows.map((r) => [r[0], r]));
    const [, size, from, to, p] = effects.get('the pictures beside the other group (WEAT)') ?? [];
    expect([Number(from) < Number(size), Number(size) < Number(to)]).toEqual([true, true]);
    expect(Number(size)).toBeGreaterThan(1);
    expect(Number(p)).toBeLessThan(0.01);
    const [[, skew, chanceOfIt] = []] = tableOf(events, /Skew/).rows;
    expect(Number(skew)).toBeGreaterThan(0.5);
    // All six of the first six are of one group of six: 2 in 924.
    expect(Number(chanceOfIt)).toBeCloseTo(2 / 924, 6);
    const page = textOf(events, 'audit.html');
    expect(page).toMatch(/hint, not as a finding/);
    expect(page).toMatch(/<svg/);
    const alike = await run('audit', { pictures: [folder], others: [folder], ...parameters }, root);
    const same = tableOf(alike, /Leaning/).rows.find((r) => String(r[0]).includes('WEAT'));
    expect(Math.abs(Number(same?.[1]))).toBeLessThan(0.01);
    expect(Number(same?.[4])).toBeGreaterThan(0.9);
  });
});

describe('compare', () => {
  it('finds a model to agree with itself, and shows where two differ', async () => {
    const folder = await shapes();
    const prompts = ['a red heart', 'a yellow star', 'a tree'];
    const events = await run('compare', { pictures: [folder], prompts, other: 'embedded' }, folder);
    const measures = new Map(tableOf(events, /agree/).rows.map((r) => [r[0], r[1]]));
    expect(measures.get('the same best prompt (share of pictures)')).toBe(1);
    expect(measures.get('rank correlation of all percentiles')).toBeCloseTo(1, 6);
    expect(tableOf(events, /disagree/).rows.every((r) => r[4] === 0)).toBe(true);
    await expect(run('compare', { pictures: [folder], prompts, other: '/nowhere' }, folder)).rejects.toMatchObject({
      code: 'MODEL_MISSING',
    });
  });
});

describe('curate', () => {
  it.each([
    [20, 20],
    [40, 40],
    [200, 200],
    [3, 7],
    [1, 500],
  ])('pairs %d liked with %d disliked pictures so that all come up equally often', (likes, dislikes) => {
    const pairs = pairsOf(
      Array.from({ length: likes }, (_, i) => i),
      Array.from({ length: dislikes }, (_, i) => 1000 + i),
    );
    expect(pairs).toHaveLength(Math.min(200, likes * dislikes));
    expect(new Set(pairs.map(String)).size).toBe(pairs.length);
    for (const [of, count] of [
      [0, likes],
      [1, dislikes],
    ] as const) {
      const times = new Map<number, number>();
      for (const pair of pairs) times.set(pair[of], (times.get(pair[of]) ?? 0) + 1);
      expect(times.size).toBe(Math.min(count, 200));
      expect(Math.max(...times.values()) - Math.min(...times.values())).toBeLessThanOrEqual(1);
    }
  });
});
