// The official SDK's client against Quaestor: at MCP_URL, and as the program MCP_PROGRAM.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const key = process.env.MCP_KEY;

async function exercise(transport) {
  const client = new Client({ name: "node", version: "1.0.0" });
  await client.connect(transport);
  assert.match(client.getInstructions(), /research_start/);
  const { tools } = await client.listTools();
  assert.ok(tools.find((tool) => tool.name === "research_start").inputSchema.properties.topic);

  const started = await client.callTool({ name: "research_start", arguments: { topic: "Triage" } });
  assert.ok(!started.isError, JSON.stringify(started));
  const { id, status } = started.structuredContent;
  assert.equal(status, "running");
  const waited = await client.callTool({ name: "research_wait", arguments: { id, seconds: 1 } }, undefined, { onprogress: () => {} });
  assert.equal(waited.structuredContent.ended, false);
  const found = await client.callTool({ name: "documents_search", arguments: { query: "triage" } });
  assert.equal(found.structuredContent.passages[0].quotes[0], "Found for triage.");
  const refused = await client.callTool({ name: "research_report", arguments: { id: "r_nobody" } });
  assert.ok(refused.isError);

  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map((t) => t.uriTemplate).sort(), ["quaestor://research/{id}/evidence", "quaestor://research/{id}/report"]);
  await assert.rejects(client.readResource({ uri: `quaestor://research/${id}/report` }));
  await client.close();
}

await exercise(new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), { requestInit: { headers: { Authorization: `Bearer ${key}` } } }));
await exercise(new StdioClientTransport({ command: process.env.MCP_PROGRAM, env: { ...process.env } }));
await assert.rejects(exercise(new StreamableHTTPClientTransport(new URL(process.env.MCP_URL))));
console.log("client: ok");
