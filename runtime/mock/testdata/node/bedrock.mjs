// AWS's SDK against the emulator at MOCK_URL; it speaks HTTP/2.
import assert from "node:assert/strict";
import {
  BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, CountTokensCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const base = process.env.MOCK_URL;
const client = new BedrockRuntimeClient({ region: "eu-west-1", endpoint: base, maxAttempts: 1, credentials: { accessKeyId: "AKID", secretAccessKey: "secret" } });
const modelId = "global.anthropic.claude-sonnet-4-20250514-v1:0";
const messages = (text) => [{ role: "user", content: [{ text }] }];
const script = async (text) => {
  const answer = await fetch(`${base}/_mock/script`, { method: "POST", body: text });
  assert.equal(answer.status, 204);
};
const collect = async (output) => {
  const got = { text: "", input: "", stop: undefined, usage: undefined };
  for await (const event of output.stream) {
    got.text += event.contentBlockDelta?.delta?.text ?? "";
    got.input += event.contentBlockDelta?.delta?.toolUse?.input ?? "";
    got.stop = event.messageStop?.stopReason ?? got.stop;
    got.usage = event.metadata?.usage ?? got.usage;
  }
  return got;
};

const whole = await client.send(new ConverseCommand({ modelId, messages: messages("Grüße 😀") }));
assert.equal(whole.output.message.content[0].text, "You said: Grüße 😀");
assert.equal(whole.stopReason, "end_turn");
assert.ok(whole.usage.totalTokens > 0);

const streamed = await collect(await client.send(new ConverseStreamCommand({ modelId, messages: messages("Hello there") })));
assert.deepEqual([streamed.text, streamed.stop, streamed.usage.outputTokens], ["You said: Hello there", "end_turn", 6]);

const toolConfig = { tools: [{ toolSpec: { name: "weather", inputSchema: { json: { type: "object", required: ["city"], properties: { city: { type: "string" } } } } } }], toolChoice: { any: {} } };
const called = await client.send(new ConverseCommand({ modelId, messages: messages("Rome?"), toolConfig }));
assert.deepEqual(called.output.message.content[0].toolUse.input, { city: "Rome?" });
const calling = await collect(await client.send(new ConverseStreamCommand({ modelId, messages: messages("Rome?"), toolConfig })));
assert.deepEqual([JSON.parse(calling.input), calling.stop], [{ city: "Rome?" }, "tool_use"]);

const body = JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] });
const invoked = await client.send(new InvokeModelCommand({ modelId, body, contentType: "application/json" }));
assert.equal(JSON.parse(new TextDecoder().decode(invoked.body)).content[0].text, "You said: Hi");
let text = "";
const chunks = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body, contentType: "application/json" }));
for await (const event of chunks.body) {
  text += JSON.parse(new TextDecoder().decode(event.chunk.bytes)).delta?.text ?? "";
}
assert.equal(text, "You said: Hi");
const counted = await client.send(new CountTokensCommand({ modelId, input: { converse: { messages: messages("12345") } } }));
assert.equal(counted.inputTokens, 9);

for (const [kind, name, status] of [
  ["throttled", "ThrottlingException", 429], ["timeout", "ModelTimeoutException", 408], ["not_ready", "ModelNotReadyException", 429],
  ["unavailable", "ServiceUnavailableException", 503], ["internal", "InternalServerException", 500], ["validation", "ValidationException", 400],
  ["access", "AccessDeniedException", 403], ["not_found", "ResourceNotFoundException", 404], ["model_error", "ModelErrorException", 424],
]) {
  await script(`rules: [{fault: {kind: ${kind}, message: because}}]`);
  for (const command of [new ConverseCommand({ modelId, messages: messages("x") }), new ConverseStreamCommand({ modelId, messages: messages("x") })]) {
    await assert.rejects(client.send(command), (e) => e.name === name && e.$metadata.httpStatusCode === status && e.message === "because");
  }
}
for (const [kind, name] of [["throttled", "ThrottlingException"], ["stream_error", "ModelStreamErrorException"]]) {
  await script(`rules: [{answer: {text: one two three}, fault: {kind: ${kind}, after: 2}}]`);
  const output = await client.send(new ConverseStreamCommand({ modelId, messages: messages("x") }));
  await assert.rejects(collect(output), (e) => e.name === name);
}
await script("rules: [{answer: {text: one two three}, fault: {kind: malformed, after: 1}}]");
const broken = await client.send(new ConverseStreamCommand({ modelId, messages: messages("x") }));
await assert.rejects(collect(broken), /checksum/i);
await script("rules: [{answer: {text: one two three}, fault: {kind: cut, after: 1}}]");
const cut = await client.send(new ConverseStreamCommand({ modelId, messages: messages("x") }));
await assert.rejects(collect(cut));
await script("rules: [{fault: {kind: hang}}]");
await assert.rejects(client.send(new ConverseCommand({ modelId, messages: messages("x") }), { abortSignal: AbortSignal.timeout(100) }), (e) => e.name === "AbortError");
client.destroy();
console.log("bedrock: ok");
