// What a user of OpenAI's SDK does with this API. The server's models are
// scripted by node_test.go.
import assert from 'node:assert/strict';
import OpenAI, {
  APIError, AuthenticationError, BadRequestError, InternalServerError, NotFoundError, RateLimitError,
} from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const { BASE_URL: baseURL, API_KEY: apiKey } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const say = (content) => ({ model: 'double', messages: [{ role: 'user', content }] });

const checks = {
  async chat() {
    const { data, response } = await client.chat.completions.create(say('hello there')).withResponse();
    assert.equal(data.choices[0].message.content, 'hello there');
    assert.equal(data.choices[0].finish_reason, 'stop');
    assert.equal(data.usage.total_tokens, 12);
    assert.equal(response.headers.get('x-quaestor-model'), 'double');
  },

  async choices() {
    const answer = await client.chat.completions.create({ ...say('twice'), n: 2 });
    assert.deepEqual(answer.choices.map((c) => [c.index, c.message.content]), [[0, 'twice'], [1, 'twice']]);
  },

  async stream() {
    const stream = await client.chat.completions.create({ ...say('one two three'), stream: true, stream_options: { include_usage: true } });
    let text = '';
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, 'one two three');
    assert.equal(usage.completion_tokens, 3);
    const helper = client.chat.completions.stream(say('one two three'));
    assert.equal(await helper.finalContent(), 'one two three');
  },

  async abort() {
    const stream = await client.chat.completions.create({ ...say('endless'), stream: true });
    let count = 0;
    for await (const chunk of stream) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      if (++count === 3) break; // the SDK cuts the connection
    }
  },

  async brokenStream() {
    const stream = await client.chat.completions.create({ ...say('break'), stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream) { /* until it breaks */ }
    }, (error) => error instanceof APIError && error.code === 'unavailable');
  },

  async tools() {
    const tools = [{
      type: 'function',
      function: {
        name: 'sum', description: 'Adds numbers.', parse: JSON.parse, function: ({ numbers }) => String(numbers.reduce((a, b) => a + b)),
        parameters: { type: 'object', properties: { numbers: { type: 'array', items: { type: 'number' } } } },
      },
    }];
    const runner = client.chat.completions.runTools({ ...say('add'), tools });
    assert.equal(await runner.finalContent(), 'it is 5');
    const streamed = client.chat.completions.runTools({ ...say('add'), tools, stream: true });
    assert.equal(await streamed.finalContent(), 'it is 5');
  },

  async schema() {
    const Point = z.object({ x: z.number(), label: z.string() });
    const answer = await client.chat.completions.parse({ ...say('point'), response_format: zodResponseFormat(Point, 'point') });
    assert.deepEqual(answer.choices[0].message.parsed, { x: 1, label: 'a' });
  },

  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.deepEqual(names, ['double', 'double-vectors']);
    assert.equal((await client.models.retrieve('double')).owned_by, 'double');
    await assert.rejects(client.models.retrieve('nobody'), NotFoundError);
  },

  async embeddings() {
    const answer = await client.embeddings.create({ model: 'double-vectors', input: ['one', 'three'], dimensions: 2 });
    assert.deepEqual(answer.data.map((d) => [...d.embedding]), [[3, 1], [5, 1]]);
    const plain = await client.embeddings.create({ model: 'double-vectors', input: 'one', encoding_format: 'float' });
    assert.deepEqual(plain.data[0].embedding, [3, 1, 1]);
  },

  async errors() {
    const rejects = (call, type, expected) => assert.rejects(call, (error) => {
      assert.ok(error instanceof type, `${error.constructor.name} instead of ${type.name}: ${error.message}`);
      for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${name} of ${error.message}`);
      return true;
    });
    await rejects(new OpenAI({ baseURL, apiKey: 'qk_wrong', maxRetries: 0 }).models.list(), AuthenticationError, { status: 401, code: 'invalid_api_key' });
    await rejects(client.chat.completions.create({ ...say('x'), model: 'nobody' }), NotFoundError, { status: 404, code: 'model_not_found', param: 'model' });
    await rejects(client.chat.completions.create({ ...say('x'), max_tokens: -1 }), BadRequestError, { status: 400, param: 'max_tokens' });
    await rejects(client.chat.completions.create(say('budget')), RateLimitError, { status: 429, code: 'insufficient_quota', type: 'insufficient_quota' });
    await rejects(client.chat.completions.create(say('throttle')), RateLimitError, { status: 429, code: 'rate_limit_exceeded' });
    await rejects(client.chat.completions.create(say('down')), InternalServerError, { status: 503, code: 'unavailable' });
  },

  async retries() {
    const patient = new OpenAI({ baseURL, apiKey, maxRetries: 2 });
    assert.equal((await patient.chat.completions.create(say('fail once'))).choices[0].message.content, 'fail once');
    const begin = Date.now();
    await assert.rejects(patient.chat.completions.create(say('budget')), RateLimitError); // not tried again
    assert.ok(Date.now() - begin < 400, 'a refusal that is final was tried again');
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check().catch((error) => {
    console.error(`${name}: ${error.stack}`);
    process.exitCode = 1;
  });
}
