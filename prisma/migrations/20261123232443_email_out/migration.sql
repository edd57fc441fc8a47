-- AlterTable
ALTER TABLE "channel_account" ADD COLUMN     "auto_reply" JSONB NOT NULL DEFAULT '{}';

-- AlterTable
ALTER TABLE "identity" ADD COLUMN     "gone_at" TIMESTAMPTZ(3),
ADD COLUMN     "gone_reason" TEXT;

-- CreateTable
CREATE TABLE "frozen" (
    "account_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "tenant_id" UUID NOT NULL,
    "blob_key" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "frozen_pkey" PRIMARY KEY ("account_id","key")
);

-- CreateTable
CREATE TABLE "acknowledgement" (
    "message_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "sender_hash" BYTEA NOT NULL,
    "sent" BOOLEAN NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "acknowledgement_pkey" PRIMARY KEY ("message_id")
);

-- CreateIndex
CREATE INDEX "acknowledgement_account_id_sender_hash_at_idx" ON "acknowledgement"("account_id", "sender_hash", "at");

-- CreateIndex
CREATE INDEX "acknowledgement_account_id_at_idx" ON "acknowledgement"("account_id", "at");
