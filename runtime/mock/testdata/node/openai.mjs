// OpenAI's SDK against the emulator at MOCK_URL.
import assert from "node:assert/strict";
import OpenAI from "openai";

const base = process.env.MOCK_URL;
const client = new OpenAI({ apiKey: "sk-none", baseURL: `${base}/regions/us-east-1/v1`, maxRetries: 0 });
const model = "gpt-4o-mini";
const user = (content) => [{ role: "user", content }];
const script = async (text) => {
  const answer = await fetch(`${base}/_mock/script`, { method: "POST", body: text });
  assert.equal(answer.status, 204);
};

const whole = await client.chat.completions.create({ model, messages: user("Grüße 😀"), n: 2 });
assert.equal(whole.choices[1].message.content, "You said: Grüße 😀");
assert.equal(whole.choices[0].finish_reason, "stop");
assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

let text = "";
let usage;
const stream = await client.chat.completions.create({ model, messages: user("Hello there"), stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, "You said: Hello there");
assert.equal(usage.completion_tokens, 6);

const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", required: ["city"], properties: { city: { type: "string" } } } } }];
const called = await client.chat.completions.create({ model, messages: user("Rome?"), tools, tool_choice: { type: "function", function: { name: "weather" } } });
assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { city: "Rome?" });
const gathered = await client.chat.completions.stream({ model, messages: user("weather"), tools }).finalChatCompletion();
assert.equal(gathered.choices[0].message.tool_calls[0].function.name, "weather");

const shaped = await client.chat.completions.create({
  model, messages: user("Ada"),
  response_format: { type: "json_schema", json_schema: { name: "person", strict: true, schema: { type: "object", required: ["name"], additionalProperties: false, properties: { name: { type: "string" } } } } },
});
assert.deepEqual(JSON.parse(shaped.choices[0].message.content), { name: "Ada" });

const vectors = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"], dimensions: 8 });
assert.equal(vectors.data.length, 2);
assert.equal(vectors.data[1].embedding.length, 8);

const models = await client.models.list();
assert.ok(models.data.length > 0);
await assert.rejects(client.chat.completions.create({ model, messages: [] }), (e) => e instanceof OpenAI.BadRequestError && e.code === "empty_array" && e.param === "messages");

for (const [kind, type] of [["throttled", OpenAI.RateLimitError], ["internal", OpenAI.InternalServerError], ["access", OpenAI.PermissionDeniedError], ["not_found", OpenAI.NotFoundError]]) {
  await script(`rules: [{fault: {kind: ${kind}}}]`);
  await assert.rejects(client.chat.completions.create({ model, messages: user("x") }), (e) => e instanceof type);
}
await script("rules: [{match: {times: 1}, fault: {kind: throttled, retry_after: 10ms}}]");
const again = await client.chat.completions.create({ model, messages: user("x") }, { maxRetries: 1 });
assert.equal(again.choices[0].message.content, "You said: x");

await script("rules: [{answer: {text: one two three}, fault: {kind: cut, after: 2}}]");
await assert.rejects(async () => {
  for await (const chunk of await client.chat.completions.create({ model, messages: user("x"), stream: true })) assert.ok(chunk);
});
console.log("openai: ok");
