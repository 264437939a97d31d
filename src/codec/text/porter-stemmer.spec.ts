import stems from './fixtures/porter-stems.json';
import { stem } from './porter-stemmer.js';

describe('stem', () => {
  it('gives the stems of NLTK 3.5', () => {
    // Words of public project descriptions and the examples of Porter's paper, stemmed by NLTK's PorterStemmer().
    const wrong = Object.entries(stems).filter(([word, expected]) => stem(word) !== expected);

    expect(wrong).toEqual([]);
    expect(Object.keys(stems).length).toBeGreaterThan(1500);
  });

  it('leaves short words and the empty word as they are', () => {
    expect(['', 'a', 'is', 'AS'].map(stem)).toEqual(['', 'a', 'is', 'AS']);
  });

  it('gives lower case', () => {
    expect(stem('Learning')).toBe('learn');
  });
});
