// A server of the official SDK on standard input and output, with one tool.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "node", version: "1.0.0" });
server.registerTool(
  "capital",
  { title: "Capital", description: "Tells the capital of a country.", inputSchema: { country: z.string().min(2), year: z.number().int().optional() } },
  async ({ country }) => {
    if (country !== "Italy") {
      throw new Error(`no capital of ${country} is known`);
    }
    return { content: [{ type: "text", text: "Rome is the capital of Italy.\nIt has 2.8 million people." }] };
  },
);
await server.connect(new StdioServerTransport());
