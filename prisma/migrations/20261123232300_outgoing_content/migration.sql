-- AlterTable
ALTER TABLE "delivery" ADD COLUMN     "role" TEXT NOT NULL DEFAULT 'to',
ADD COLUMN     "scheduled" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "message_action" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "op" TEXT NOT NULL,
    "value" TEXT NOT NULL DEFAULT '',
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3),
    "claimed_by" TEXT,
    "error_code" TEXT,
    "error_text" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_action_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_templates" (
    "account_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "list" JSONB NOT NULL DEFAULT '[]',
    "synced_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_templates_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE INDEX "message_action_account_id_state_next_at_idx" ON "message_action"("account_id", "state", "next_at");

-- CreateIndex
CREATE UNIQUE INDEX "message_action_message_id_op_key" ON "message_action"("message_id", "op");
